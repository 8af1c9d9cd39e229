--- The code that goes with a question.

local M = {}

local namespace = vim.api.nvim_create_namespace('infill_ls.chat.code')

---@class infill_ls.Code
---@field bufnr integer
---@field uri string Of the buffer, if that is gone.
---@field name string In words, for the user.
---@field kind 'range'|'position' What the server is told of it.
---@field positions lsp.Position[] Where it was: from and to, or one place in it.
---@field marks integer[] Where their lines are now, whatever was edited since.

---@param bufnr integer
---@return string
local function file_name(bufnr)
  return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':t')
end

---@param bufnr integer
---@param name string
---@param kind 'range'|'position'
---@param positions lsp.Position[]
---@return infill_ls.Code
local function following(bufnr, name, kind, positions)
  vim.api.nvim_buf_clear_namespace(bufnr, namespace, 0, -1)
  local marks = vim.tbl_map(function(position)
    return vim.api.nvim_buf_set_extmark(bufnr, namespace, position.line, 0, { strict = false })
  end, positions)
  return {
    bufnr = bufnr,
    uri = vim.uri_from_bufnr(bufnr),
    name = name,
    kind = kind,
    positions = positions,
    marks = marks,
  }
end

--- Return the code between two positions.
---@param bufnr integer
---@param range lsp.Range
---@return infill_ls.Code
function M.between(bufnr, range)
  local from, to = range.start, range['end']
  local last = to.character == 0 and to.line > from.line and to.line or to.line + 1
  local first = from.line + 1
  local lines = first == last and ('line %d'):format(first) or ('lines %d-%d'):format(first, last)
  return following(bufnr, ('%s of %s'):format(lines, file_name(bufnr)), 'range', { from, to })
end

--- Return some lines of a buffer.
---@param bufnr integer
---@param first integer From 1, as is `last`, which is one of them.
---@param last integer
---@return infill_ls.Code
function M.lines(bufnr, first, last)
  return M.between(bufnr, {
    start = { line = first - 1, character = 0 },
    ['end'] = { line = last, character = 0 },
  })
end

--- Return the function around the cursor of the current window; the server finds it.
---@param client vim.lsp.Client
---@return infill_ls.Code
function M.around_cursor(client)
  local bufnr = vim.api.nvim_get_current_buf()
  local position = vim.lsp.util.make_position_params(0, client.offset_encoding).position
  local name = ('the code around line %d of %s'):format(position.line + 1, file_name(bufnr))
  return following(bufnr, name, 'position', { position })
end

--- Return what the server is told, as of now. Of code that is gone, it says so.
---@param code infill_ls.Code
---@return { uri: string, range?: lsp.Range, position?: lsp.Position }
function M.context(code)
  local now = vim.deepcopy(code.positions)
  local is_there = vim.api.nvim_buf_is_valid(code.bufnr)
  for i, mark in ipairs(is_there and code.marks or {}) do
    now[i].line = vim.api.nvim_buf_get_extmark_by_id(code.bufnr, namespace, mark, {})[1]
      or now[i].line
  end
  return {
    uri = is_there and vim.uri_from_bufnr(code.bufnr) or code.uri,
    range = code.kind == 'range' and { start = now[1], ['end'] = now[2] } or nil,
    position = code.kind == 'position' and now[1] or nil,
  }
end

return M
