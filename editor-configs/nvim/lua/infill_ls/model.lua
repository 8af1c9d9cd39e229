--- Which model is asked for completions.

local older = require('infill_ls.older')
local server = require('infill_ls.server')

local M = {}

local COMPLETION_MS = 1000

---@class infill_ls.Models
---@field model string|vim.NIL As it is set.
---@field models string[] What it may be.

local ASKED = { command = 'infill-ls.models' }

--- Have another model asked, until Neovim ends.
---@param name string
function M.switch(name)
  older.configure({ init_options = { backend = { model = name } } })
  older.restart()
end

--- Have the user choose one of those that the host has.
function M.choose()
  local client = server.running()
  if not client then
    return
  end
  client:request('workspace/executeCommand', ASKED, function(err, told)
    ---@cast told infill_ls.Models
    if err then
      return server.tell(err.message)
    elseif #told.models == 0 then
      return server.tell('the host names no model; give a name: `:InfillLs model NAME`')
    end
    vim.ui.select(told.models, {
      prompt = 'Which model is to fill in code?',
      format_item = function(name)
        return name == told.model and name .. ' (as it is set)' or name
      end,
    }, function(name)
      if name then
        M.switch(name)
      end
    end)
  end)
end

--- Return the names of those that the host has, if it tells them in time.
---@return string[]
function M.names()
  local client = vim.lsp.get_clients({ name = 'infill_ls' })[1]
  local reply = client
    and client:request_sync('workspace/executeCommand', ASKED, COMPLETION_MS, 0)
  return reply and reply.result and reply.result.models or {}
end

return M
