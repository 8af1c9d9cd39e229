--- Connects Neovim to infill-ls. When to ask, what to ask and what to keep is the server's work.

local older = require('infill_ls.older')

local M = {}

---@class infill_ls.Options
---@field settings? table<string, any> What the server is to do, in its own words (`backend`, …).
---@field suggestions? 'builtin'|'stream' Drawn by Neovim itself, or by this plug-in as they grow.
---@field keys? infill_ls.KeyOptions In insert mode; `false` maps none.
---@field cmd? string[] Starts the server (`{ 'infill-ls' }`).

---@param opts infill_ls.Options
---@return string? problem One sentence, if an option cannot be used.
local function problem_of(opts)
  local types = { settings = 'table', suggestions = 'string', keys = 'table', cmd = 'table' }
  for name, value in pairs(opts) do
    if not types[name] then
      return ('there is no option %q; what the server is to do goes in `settings`'):format(name)
    elseif type(value) ~= types[name] then
      return ('the option %q must be a %s, not %s'):format(name, types[name], vim.inspect(value))
    end
  end
  return require('infill_ls.keys').problem_of(opts.keys or {})
    or opts.suggestions and require('infill_ls.suggestions').problem_of(opts.suggestions)
end

---@param message string
local function complain(message)
  vim.notify('infill-ls: ' .. message, vim.log.levels.ERROR)
end

--- Serve every file that is open or will be opened, and show the suggestions in it.
---@param opts? infill_ls.Options
function M.setup(opts)
  opts = opts or {}
  if not older.is_supported then
    return complain('Neovim 0.10 or newer is needed; `nvim --version` tells which one this is')
  end
  local problem = problem_of(opts)
  if problem then
    return complain(problem)
  end

  -- A plugin manager may add this folder after it has loaded all plugins.
  vim.cmd.runtime('plugin/infill_ls.lua')
  -- An empty table would become a JSON array.
  local settings = next(opts.settings or {}) and opts.settings
  older.configure({ cmd = opts.cmd, init_options = settings })
  local group = vim.api.nvim_create_augroup('infill_ls', {})
  local buffers = require('infill_ls.buffers')
  buffers.watch(group)
  require('infill_ls.suggestions').begin(opts.suggestions, group)
  require('infill_ls.keys').map(opts.keys)

  -- Else it would only be logged that the command is missing.
  local cmd = older.config().cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    return complain(('%q is not on PATH; install it, or give its path in `cmd`'):format(cmd[1]))
  end
  older.enable(buffers.attach)
end

--- Switch the suggestions in the current buffer off or on.
function M.toggle()
  require('infill_ls.suggestions').toggle()
end

--- Return how the server is, in a few words for a statusline; empty while it does not run.
---@return string
function M.status()
  return require('infill_ls.status').text()
end

return M
