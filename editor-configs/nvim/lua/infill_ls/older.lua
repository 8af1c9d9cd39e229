--- Where Neovim 0.10 and 0.11 differ from 0.12. Nothing else in this plug-in tells them apart.

local M = {}

local NAME = 'infill_ls'

--- What is older does not have what no line here makes up for.
M.is_supported = vim.fn.has('nvim-0.10') == 1

--- Whether Neovim itself can suggest what a server has to offer, from 0.12 on.
M.has_inline_completion = vim.lsp.inline_completion ~= nil

--- Whether it starts a server by itself, and has a client's functions as methods, from 0.11 on.
local can_enable = vim.lsp.enable ~= nil

---@type vim.lsp.ClientConfig Of 0.10.
local configured

local is_enabled = false

---@type table<integer, integer[]?> The buffers of clients that end to be started anew.
local ending = {}

--- Change the configuration of `lsp/infill_ls.lua`.
---@param changes vim.lsp.Config
function M.configure(changes)
  if can_enable then
    return vim.lsp.config(NAME, changes)
  end
  if not configured then
    local path = vim.api.nvim_get_runtime_file(('lsp/%s.lua'):format(NAME), false)[1]
    local own = { name = NAME, capabilities = vim.lsp.protocol.make_client_capabilities() }
    configured = vim.tbl_deep_extend('force', own, dofile(path))
  end
  configured = vim.tbl_deep_extend('force', configured, changes)
end

--- Return the configuration as it is now.
---@return vim.lsp.Config
function M.config()
  return can_enable and vim.lsp.config[NAME] or configured
end

--- Serve each buffer that has a type, or will have one.
---@param attach fun(bufnr: integer) Starts the server for a buffer.
function M.enable(attach)
  is_enabled = true
  if can_enable then
    return vim.lsp.enable(NAME)
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('infill_ls.older', {}),
    callback = function(event)
      attach(event.buf)
    end,
  })
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      attach(bufnr)
    end
  end
end

---@return boolean
function M.is_enabled()
  if vim.lsp.is_enabled then
    return vim.lsp.is_enabled(NAME)
  end
  return is_enabled
end

--- Start the server anew, as it is configured now; `:lsp restart` would take what it was.
function M.restart()
  for _, client in ipairs(vim.lsp.get_clients({ name = NAME })) do
    ending[client.id] = vim.tbl_keys(client.attached_buffers)
    client:stop()
  end
end

--- Return the buffers that are to be served again, now that a client has ended.
---@param client_id integer
---@return integer[]
function M.left_behind(client_id)
  local buffers = ending[client_id] or {}
  ending[client_id] = nil
  return vim.tbl_filter(vim.api.nvim_buf_is_loaded, buffers)
end

--- Return the arguments of a client's method without the client, which 0.10 does not give.
---@param client vim.lsp.Client
---@param ... any
---@return any ...
function M.without_client(client, ...)
  if ... == client then
    return select(2, ...)
  end
  return ...
end

--- Have the functions of a client be methods, too.
---@param client vim.lsp.Client
function M.adapt(client)
  if can_enable then
    return
  end
  for _, name in ipairs({ 'request', 'request_sync', 'notify', 'cancel_request', 'stop' }) do
    local plain = client[name]
    client[name] = function(...)
      return plain(M.without_client(client, ...))
    end
  end
end

---@alias infill_ls.Encoding 'utf-8'|'utf-16'|'utf-32'

--- Return where the server's count of a line's characters stands in bytes, at most at its end.
---@param line string
---@param encoding infill_ls.Encoding
---@param index integer
---@return integer
function M.byteindex(line, encoding, index)
  if can_enable then
    return vim.str_byteindex(line, encoding, index, false)
  elseif encoding == 'utf-8' then
    return math.min(index, #line)
  end
  local is_utf16 = encoding == 'utf-16'
  local characters, units = vim.str_utfindex(line)
  return vim.str_byteindex(line, math.min(index, is_utf16 and units or characters), is_utf16)
end

--- Return the server's count of a line's characters up to a byte, or to its end.
---@param line string
---@param encoding infill_ls.Encoding
---@param index integer
---@return integer
function M.utfindex(line, encoding, index)
  index = math.min(index, #line)
  if can_enable then
    return vim.str_utfindex(line, encoding, index, false)
  elseif encoding == 'utf-8' then
    return index
  end
  local characters, units = vim.str_utfindex(line, index)
  return encoding == 'utf-16' and units or characters
end

--- Whether the prompt of a prompt buffer may have several lines, from 0.12 on.
local is_prompt_marked = vim.fn.has('nvim-0.12') == 1

--- Return the row of a prompt buffer's prompt, from 0.
---@param bufnr integer
---@return integer
function M.prompt_row(bufnr)
  if is_prompt_marked then
    return vim.api.nvim_buf_get_mark(bufnr, ':')[1] - 1
  end
  return vim.api.nvim_buf_line_count(bufnr) - 1
end

--- Set the prompt of a buffer. Before 0.12, it would be drawn only once one types there, and what is
--- in the buffer would keep Neovim from quitting.
---@param bufnr integer
---@param prompt string
function M.set_prompt(bufnr, prompt)
  vim.fn.prompt_setprompt(bufnr, prompt)
  if is_prompt_marked then
    return
  end
  vim.api.nvim_buf_set_lines(bufnr, -2, -1, false, { prompt })
  vim.bo[bufnr].modified = false
  vim.api.nvim_create_autocmd('BufModifiedSet', {
    buffer = bufnr,
    callback = function()
      vim.bo[bufnr].modified = false
    end,
  })
end

return M
