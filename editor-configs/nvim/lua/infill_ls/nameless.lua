--- Buffers without a name. They all have one address, so only one of them is served at a time.

local M = {}

local ADDRESS = vim.uri_from_fname('')

--- What came without a name: the one that has the address now, and those that had it before.
---@type table<integer, true?>
local known = {}

---@param bufnr integer
---@return boolean
function M.is(bufnr)
  return vim.api.nvim_buf_get_name(bufnr) == ''
end

---@param bufnr integer
local function detach(bufnr)
  for _, client in ipairs(vim.lsp.get_clients({ bufnr = bufnr, name = 'infill_ls' })) do
    vim.lsp.buf_detach_client(bufnr, client.id)
  end
end

--- Have the address be this one's alone, before it is served.
---@param bufnr integer
function M.claim(bufnr)
  for other in pairs(known) do
    if other ~= bufnr then
      detach(other)
    end
  end
  known[bufnr] = true
end

--- Serve those again that one comes back to, and by their names those that are written to a file.
---@param group integer
---@param attach fun(bufnr: integer) Has a buffer served.
function M.watch(group, attach)
  vim.api.nvim_create_autocmd('BufEnter', {
    group = group,
    callback = function(event)
      if known[event.buf] then
        attach(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWritePost', {
    group = group,
    callback = function(event)
      if not known[event.buf] or M.is(event.buf) then
        return
      end
      known[event.buf] = nil
      -- Neovim would go on with the old address until the buffer is written once more.
      for _, client in ipairs(vim.lsp.get_clients({ bufnr = event.buf, name = 'infill_ls' })) do
        client:notify('textDocument/didClose', { textDocument = { uri = ADDRESS } })
      end
      detach(event.buf)
      attach(event.buf)
    end,
  })
end

return M
