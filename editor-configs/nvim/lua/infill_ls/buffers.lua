--- Which buffers are served.

local addresses = require('infill_ls.addresses')
local older = require('infill_ls.older')

local M = {}

--- Tell whether a buffer is code: a file, or what is in front and has a type, if not yet a name.
--- Nobody writes code in help pages, nor in what the model has said; and of a file that is elsewhere
--- (`scp://…`), nothing here tells what it may be shown to.
---@param bufnr integer
---@return boolean
local function is_code(bufnr)
  local is_elsewhere = vim.api.nvim_buf_get_name(bufnr):match('^%a[%w+.-]+://') ~= nil
  if vim.bo[bufnr].buftype ~= '' or is_elsewhere or vim.b[bufnr].infill_ls_is_answer then
    return false
  end
  local is_in_front = bufnr == vim.api.nvim_get_current_buf()
  return not addresses.is_nameless(bufnr) or (is_in_front and vim.bo[bufnr].filetype ~= '')
end

--- Have a document that the server is about to show not be served.
---@param uri string
function M.note_answer(uri)
  vim.b[vim.uri_to_bufnr(uri)].infill_ls_is_answer = true
end

--- Let a buffer be served if it is code.
---@param bufnr integer
---@return boolean is_admitted
function M.admit(bufnr)
  if not is_code(bufnr) then
    return false
  end
  if addresses.is_nameless(bufnr) then
    addresses.claim(bufnr)
  end
  return true
end

--- Have the server serve a buffer, if that is code.
---@param bufnr integer
function M.attach(bufnr)
  if M.admit(bufnr) then
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

--- Tell the server of the project, or else the folder, that a buffer is in: what is outside of all
--- folders that it knows is shown to no model, and Neovim tells it only of the first.
---@param client vim.lsp.Client
---@param bufnr integer
local function add_folder(client, bufnr)
  local root = vim.fs.root(bufnr, older.config().root_markers)
  if not root and not addresses.is_nameless(bufnr) then
    root = vim.fs.dirname(vim.api.nvim_buf_get_name(bufnr))
  end
  local folders = client.workspace_folders or {}
  local is_known = vim.iter(folders):any(function(folder)
    return folder.name == root
  end)
  if root and not is_known then
    local added = { { uri = vim.uri_from_fname(root), name = root } }
    client.workspace_folders = vim.list_extend(folders, added)
    local event = { added = added, removed = {} }
    client:notify('workspace/didChangeWorkspaceFolders', { event = event })
  end
end

---@param event vim.api.keyset.create_autocmd.callback_args
local function begin(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'infill_ls' then
    add_folder(client, event.buf)
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
  on('LspAttach', begin)
  on('CursorHold', tell_where_cursor_rests)
  addresses.watch(group, function(bufnr)
    if older.is_enabled() then
      M.attach(bufnr)
    end
  end)
end

return M
