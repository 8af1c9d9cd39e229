--- The key that accepts a suggestion.

local M = {}

local DESCRIPTION = 'Accept the suggestion of infill-ls'
local OTHERWISE = '<Plug>(infill_ls-otherwise)'

---@type string?
local newest

--- Make `OTHERWISE` do what the key has done so far.
---@param key string
local function keep_former(key)
  local former = vim.fn.maparg(key, 'i', false, true)
  if former.desc == DESCRIPTION then
    return
  end
  vim.keymap.set('i', OTHERWISE, key)
  -- A mapping of one buffer stays there, before ours.
  if former.buffer == 0 then
    former.lhs, former.lhsraw, former.lhsrawalt = OTHERWISE, vim.keycode(OTHERWISE), nil
    vim.fn.mapset('i', false, former)
  end
end

--- Have a key accept in insert mode, and do what it did before where nothing is suggested.
---@param key string
function M.map(key)
  newest = key
  keep_former(key)
  vim.keymap.set('i', key, function()
    return require('infill_ls.suggestions').accept() and '' or OTHERWISE
  end, { expr = true, remap = true, desc = DESCRIPTION })
end

--- Return which key accepts, if any, and whether nobody has mapped it to something else since.
---@return { name?: string, is_mapped: boolean }
function M.state()
  local is_mapped = newest ~= nil and vim.fn.maparg(newest, 'i', false, true).desc == DESCRIPTION
  return { name = newest, is_mapped = is_mapped }
end

return M
