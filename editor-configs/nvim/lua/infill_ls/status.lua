--- How the server is, by its own `infill-ls/status` notification.

local M = {}

---@class infill_ls.Status
---@field health 'ok'|'warning'|'error'
---@field busy boolean
---@field message string

---@type infill_ls.Status?
local newest

---@type string?
local told

--- Keep the newest status; tell the user of an error, once until it is over.
---@param status infill_ls.Status
function M.update(status)
  newest = status
  if status.health ~= 'error' then
    told = nil
  elseif told ~= status.message then
    told = status.message
    vim.notify('infill-ls: ' .. status.message, vim.log.levels.ERROR)
  end
  vim.cmd.redrawstatus({ bang = true })
end

--- Know nothing any more, as the server has ended.
function M.forget()
  newest, told = nil, nil
end

--- Return the newest status in a few words; empty while the server does not run.
---@return string
function M.text()
  if #vim.lsp.get_clients({ name = 'infill_ls' }) == 0 then
    return ''
  elseif newest and newest.message ~= '' then
    return 'infill-ls: ' .. newest.message
  end
  return newest and newest.busy and 'infill-ls …' or 'infill-ls'
end

return M
