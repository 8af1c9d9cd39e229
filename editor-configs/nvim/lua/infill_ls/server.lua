--- The running server, for what is asked of it about no buffer.

local M = {}

---@param message string
function M.tell(message)
  -- Keys of a prompt may tell nothing while they are looked up.
  vim.schedule(function()
    vim.notify('infill-ls: ' .. message, vim.log.levels.WARN)
  end)
end

--- Return it, or tell the user that there is none.
---@return vim.lsp.Client?
function M.running()
  local client = vim.lsp.get_clients({ name = 'infill_ls' })[1]
  if not client then
    M.tell('the server does not run; it starts with the first file')
  end
  return client
end

return M
