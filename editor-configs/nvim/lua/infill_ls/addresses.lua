--- The addresses of buffers, which go with their names. All without a name have one address, so
--- only one of those is served at a time.

local M = {}

--- What came without a name: the one that has the address now, and those that had it before.
---@type table<integer, true?>
local nameless = {}

---@param bufnr integer
---@return boolean
function M.is_nameless(bufnr)
  return vim.api.nvim_buf_get_name(bufnr) == ''
end

---@param bufnr integer
---@return boolean was_served
local function detach(bufnr)
  local clients = vim.lsp.get_clients({ bufnr = bufnr, name = 'infill_ls' })
  for _, client in ipairs(clients) do
    vim.lsp.buf_detach_client(bufnr, client.id)
  end
  return #clients > 0
end

--- Have the address of those without a name be this one's alone, before it is served.
---@param bufnr integer
function M.claim(bufnr)
  for other in pairs(nameless) do
    if other ~= bufnr then
      detach(other)
    end
  end
  nameless[bufnr] = true
end

--- Serve those without a name again that one comes back to, and all by the names that they have.
---@param group integer
---@param attach fun(bufnr: integer) Has a buffer served.
function M.watch(group, attach)
  vim.api.nvim_create_autocmd('BufEnter', {
    group = group,
    callback = function(event)
      if nameless[event.buf] then
        attach(event.buf)
      end
    end,
  })
  -- Neovim tells changes by the new name, while the server has only the old one open. The second
  -- event is all that comes before a first name that is given by `:write`.
  vim.api.nvim_create_autocmd({ 'BufFilePre', 'BufWipeout' }, {
    group = group,
    callback = function(event)
      nameless[event.buf] = nil
      if detach(event.buf) then
        vim.schedule(function()
          if vim.api.nvim_buf_is_loaded(event.buf) then
            attach(event.buf)
          end
        end)
      end
    end,
  })
end

return M
