--- Gives the server what linters and other servers say of the code, so that it can offer to fix it:
--- Neovim tells a server of its own diagnostics only.

local older = require('infill_ls.older')

local M = {}

---@param bufnr integer
---@param row integer From 0.
---@param col integer In bytes, from 0.
---@param encoding infill_ls.Encoding
---@return lsp.Position
local function position(bufnr, row, col, encoding)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  return { line = row, character = older.utfindex(line, encoding, col) }
end

---@param bufnr integer
---@param found vim.Diagnostic
---@param encoding infill_ls.Encoding
---@return lsp.Diagnostic
local function of_lsp(bufnr, found, encoding)
  local last, after = found.end_lnum or found.lnum, found.end_col or found.col
  return {
    range = {
      start = position(bufnr, found.lnum, found.col, encoding),
      ['end'] = position(bufnr, last, after, encoding),
    },
    message = found.message,
    severity = found.severity --[[@as lsp.DiagnosticSeverity]],
    source = found.source,
    code = found.code,
  }
end

--- Return what is said of the lines of a range.
---@param bufnr integer
---@param range lsp.Range
---@param encoding infill_ls.Encoding
---@return lsp.Diagnostic[]
local function in_lines(bufnr, range, encoding)
  return vim
    .iter(vim.diagnostic.get(bufnr))
    :filter(function(found)
      return found.lnum <= range['end'].line and (found.end_lnum or found.lnum) >= range.start.line
    end)
    :map(function(found)
      return of_lsp(bufnr, found, encoding)
    end)
    :totable()
end

--- Have a client tell them from now on, when it asks what can be done.
---@param client vim.lsp.Client
function M.watch(client)
  local request = client.request
  client.request = function(...)
    local method, params, _, bufnr = older.without_client(client, ...)
    if method == 'textDocument/codeAction' and params then
      local number = (bufnr == nil or bufnr == 0) and vim.api.nvim_get_current_buf() or bufnr
      params.context.diagnostics = in_lines(number, params.range, client.offset_encoding)
    end
    return request(...)
  end
end

return M
