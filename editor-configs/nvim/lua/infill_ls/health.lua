--- `:checkhealth infill_ls`

local older = require('infill_ls.older')

local M = {}

local health = vim.health

--- Report whether the server can be started, and which one it is.
---@return boolean can_start
local function check_command()
  local cmd = older.config().cmd
  if type(cmd) ~= 'table' then
    health.info('the server is started by a function of yours')
    return true
  elseif vim.fn.executable(cmd[1]) == 0 then
    health.error(('%q is not on PATH'):format(cmd[1]), 'pip install infill-ls')
    return false
  end
  local is_run, output = pcall(function()
    return vim.system({ cmd[1], '--version' }, { text = true, timeout = 10000 }):wait()
  end)
  if not is_run or output.code ~= 0 then
    health.error(('%q does not run'):format(cmd[1]), is_run and vim.trim(output.stderr) or output)
    return false
  end
  health.ok(('%s, at %s'):format(vim.trim(output.stdout), vim.fn.exepath(cmd[1])))
  return true
end

--- Report how the running server is.
---@param client vim.lsp.Client
local function check_server(client)
  local info = client.server_info or { name = 'infill-ls' }
  local count = vim.tbl_count(client.attached_buffers)
  health.ok(('%s %s runs; buffers that it serves: %d'):format(info.name, info.version or '', count))
  local status = require('infill_ls').status()
  if vim.startswith(status, 'infill-ls: ') then
    health.warn(status, 'In a terminal, `infill-ls doctor` looks further')
  else
    health.ok('completions can be had')
  end
  local offered = vim.tbl_get(client, 'server_capabilities', 'executeCommandProvider', 'commands')
  if vim.list_contains(offered or {}, 'infill-ls.chat.send') then
    health.ok('chat: `:InfillLs chat`')
  else
    health.warn('no chat: the server is too old', 'pip install --upgrade infill-ls')
  end
end

local function check_key()
  local key = require('infill_ls.keys').accepting()
  if key.is_mapped then
    health.ok(('%s accepts a suggestion'):format(key.name))
  elseif key.name then
    local advice = "Give another one in `keys`, or call require('infill_ls').setup() later"
    health.warn(('%s was mapped to something else since'):format(key.name), advice)
  else
    health.info("no key accepts; require('infill_ls.suggestions').accept() does")
  end
end

function M.check()
  health.start('infill_ls')
  if not older.is_supported then
    return health.error('Neovim 0.10 or newer is needed')
  end
  health.ok(('Neovim %s'):format(vim.version()))
  if not older.is_enabled() then
    return health.error('not enabled', "Call require('infill_ls').setup()")
  end
  if not check_command() then
    return
  end
  health.info(('suggestions: %q'):format(require('infill_ls.suggestions').chosen()))
  check_key()
  local client = vim.lsp.get_clients({ name = 'infill_ls' })[1]
  if client then
    check_server(client)
  else
    health.warn('enabled, but the server does not run; it starts with the first file')
  end
  health.info('log: ' .. vim.lsp.log.get_filename())
end

return M
