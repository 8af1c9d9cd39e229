--- `:checkhealth infill_ls`

local M = {}

function M.check()
  vim.health.start('infill_ls')
  if vim.fn.has('nvim-0.12') == 0 then
    return vim.health.error('Neovim 0.12 or newer is needed')
  end
  local cmd = vim.lsp.config.infill_ls.cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    return vim.health.error(('%q is not on PATH'):format(cmd[1]), 'pip install infill-ls')
  end
  if not vim.lsp.is_enabled('infill_ls') then
    return vim.health.error('not enabled', "Call require('infill_ls').setup()")
  end
  local client = vim.lsp.get_clients({ name = 'infill_ls' })[1]
  if not client then
    return vim.health.warn('enabled, but the server does not run; it starts with the first file')
  end
  local info = client.server_info or { name = 'infill-ls' }
  vim.health.ok(('%s %s runs'):format(info.name, info.version or ''))
  vim.health.info('status: ' .. require('infill_ls').status())
  vim.health.info('log: ' .. vim.lsp.log.get_filename())
end

return M
