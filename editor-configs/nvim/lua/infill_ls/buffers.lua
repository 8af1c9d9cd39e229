--- Which buffers are served.

local older = require('infill_ls.older')

local M = {}

--- Tell whether a buffer is a file. One without a name has no address of its own, and nobody writes
--- code in help pages.
---@param bufnr integer
---@return boolean
function M.is_served(bufnr)
  return vim.bo[bufnr].buftype == '' and vim.api.nvim_buf_get_name(bufnr) ~= ''
end

--- Have the server serve a buffer, if that is a file.
---@param bufnr integer
function M.attach(bufnr)
  if M.is_served(bufnr) then
    local config = vim.deepcopy(older.config())
    config.root_dir = vim.fs.root(bufnr, config.root_markers)
    vim.lsp.start(config, { bufnr = bufnr, reuse_client = config.reuse_client })
  end
end

--- Attach the server to files of no known type: Neovim waits for a file type.
---@param bufnr integer
local function attach_typeless(bufnr)
  local is_typed = vim.bo[bufnr].filetype ~= ''
  if not is_typed and older.is_enabled() and not older.config().filetypes then
    M.attach(bufnr)
  end
end

---@param event vim.api.keyset.create_autocmd.callback_args
local function show_suggestions(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'infill_ls' then
    require('infill_ls.suggestions').show(client, event.buf)
  end
end

--- Tell the server where the cursor rests: a model on this machine can read ahead there.
---@param event vim.api.keyset.create_autocmd.callback_args
local function tell_where_cursor_rests(event)
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = event.buf, name = 'infill_ls' })) do
    local place = vim.lsp.util.make_position_params(0, client.offset_encoding)
    client:notify('infill-ls/cursorRests', place)
  end
end

--- Serve again what a server has left behind that was ended to be started anew.
---@param client_id integer
function M.attach_again(client_id)
  vim.tbl_map(M.attach, older.left_behind(client_id))
end

--- Serve buffers as they come.
---@param group integer
function M.watch(group)
  ---@param event string
  ---@param callback fun(event: vim.api.keyset.create_autocmd.callback_args)
  local function on(event, callback)
    vim.api.nvim_create_autocmd(event, { group = group, callback = callback })
  end
  on('BufWinEnter', function(event)
    attach_typeless(event.buf)
  end)
  on('LspAttach', show_suggestions)
  on('CursorHold', tell_where_cursor_rests)
end

return M
