--- How the server is, by its own `infill-ls/status` notification.

local M = {}

---@class infill_ls.Status
---@field health 'ok'|'warning'|'error'
---@field busy boolean
---@field message string
---@field model? string The one that was asked last.
---@field until? integer Unix time

---@type infill_ls.Status?
local newest

local told = false

--- Keep the newest status; tell the user of an error, once until it is over.
---@param status infill_ls.Status
function M.update(status)
  newest = status
  if status.health == 'ok' then
    told = false
  elseif status.health == 'error' and not told then
    told = true
    vim.notify('infill-ls: ' .. status.message, vim.log.levels.ERROR)
  end
  vim.cmd.redrawstatus({ bang = true })
end

--- Know nothing any more, as the server has ended.
function M.forget()
  newest, told = nil, false
end

--- Return the newest status in a few words; empty while the server does not run.
---@return string
function M.text()
  if #vim.lsp.get_clients({ name = 'infill_ls' }) == 0 then
    return ''
  elseif newest and newest.message ~= '' then
    local rests_until = newest['until']
    local time = rests_until and os.date(' (until %H:%M:%S)', rests_until) or ''
    return 'infill-ls: ' .. newest.message .. time
  end
  return newest and newest.busy and 'infill-ls …' or 'infill-ls'
end

--- Return the newest status in a sentence, which names the model once that was asked.
---@return string
function M.sentence()
  local text = M.text()
  local model = newest and newest.message == '' and newest.model
  if text == '' then
    return 'infill-ls: no server runs'
  end
  return model and ('%s, with %s'):format(text, model) or text
end

return M
