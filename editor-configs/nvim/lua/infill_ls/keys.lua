--- Keys of insert mode that do something with a suggestion.

local M = {}

---@class infill_ls.KeyOptions
---@field accept? string|false Accepts the suggestion (`<Tab>`).
---@field accept_word? string|false Accepts it up to the end of a word.
---@field accept_line? string|false Accepts it up to the end of a line.
---@field next? string|false Shows another one.
---@field ask? string|false Asks for one here and now.

---@alias infill_ls.Action 'accept'|'accept_word'|'accept_line'|'next'|'ask'

---@type table<infill_ls.Action, string>
local DESCRIPTIONS = {
  accept = 'Accept the suggestion of infill-ls',
  accept_word = 'Accept a word of the suggestion of infill-ls',
  accept_line = 'Accept a line of the suggestion of infill-ls',
  next = 'Show another suggestion of infill-ls',
  ask = 'Ask infill-ls for a suggestion',
}

---@type infill_ls.KeyOptions
local DEFAULTS = { accept = '<Tab>' }

---@type table<infill_ls.Action, string?> By what they do.
local mapped = {}

---@param action infill_ls.Action
---@return string
local function otherwise(action)
  return ('<Plug>(infill_ls-otherwise-%s)'):format(action)
end

--- Make `otherwise(action)` do what the key has done so far.
---@param action infill_ls.Action
---@param key string
local function keep_former(action, key)
  local former = vim.fn.maparg(key, 'i', false, true)
  if former.desc == DESCRIPTIONS[action] then
    return
  end
  local name = otherwise(action)
  vim.keymap.set('i', name, key)
  -- A mapping of one buffer stays there, before ours.
  if former.buffer == 0 then
    former.lhs, former.lhsraw, former.lhsrawalt = name, vim.keycode(name), nil
    vim.fn.mapset('i', false, former)
  end
end

--- Have a key act in insert mode, and do what it did before where there is nothing to act on.
---@param action infill_ls.Action
---@param key string
local function map(action, key)
  mapped[action] = key
  keep_former(action, key)
  vim.keymap.set('i', key, function()
    return require('infill_ls.suggestions')[action]() and '' or otherwise(action)
  end, { expr = true, remap = true, desc = DESCRIPTIONS[action] })
end

--- Return what is wrong with the option, if anything.
---@param keys table<any, any>
---@return string? problem One sentence.
function M.problem_of(keys)
  for action, key in pairs(keys) do
    if not DESCRIPTIONS[action] then
      return ('there is no key for %q; there are accept, accept_word, accept_line, next and ask'):format(
        action
      )
    elseif key ~= false and type(key) ~= 'string' then
      return ('the option "keys.%s" must be a string or false, not %s'):format(
        action,
        vim.inspect(key)
      )
    end
  end
end

--- Map the keys that are wanted.
---@param keys? infill_ls.KeyOptions
function M.map(keys)
  for action, key in pairs(vim.tbl_extend('force', DEFAULTS, keys or {})) do
    if key then
      map(action, key)
    end
  end
end

--- Return which key accepts, if any, and whether nobody has mapped it to something else since.
---@return { name?: string, is_mapped: boolean }
function M.accepting()
  local key = mapped.accept
  local is_mapped = key ~= nil and vim.fn.maparg(key, 'i', false, true).desc == DESCRIPTIONS.accept
  return { name = key, is_mapped = is_mapped }
end

return M
