--- Draws a suggestion behind the cursor.

local M = {}

local namespace = vim.api.nvim_create_namespace('infill_ls.suggestions')

---@type integer?
local buffer

---@return string
local function highlight()
  return vim.fn.hlexists('ComplHint') == 1 and 'ComplHint' or 'Comment'
end

--- Return a line with blanks for its tabs, which Neovim does not expand in what is not text.
---@param line string
---@param column integer Where it begins on the screen, from 0.
---@return string
local function expanded(line, column)
  local drawn = ''
  for before, tab in line:gmatch('([^\t]*)(\t?)') do
    drawn = drawn .. before
    if tab ~= '' then
      local width = vim.bo.tabstop - (column + vim.fn.strdisplaywidth(drawn)) % vim.bo.tabstop
      drawn = drawn .. (' '):rep(width)
    end
  end
  return drawn
end

--- Split a text where it has filled some cells of the screen; blanks are added if it cannot.
---@param text string
---@param cells integer
---@return string filling
---@return string rest
local function split(text, cells)
  local count = vim.fn.strchars(text)
  while count > 0 and vim.fn.strdisplaywidth(vim.fn.strcharpart(text, 0, count)) > cells do
    count = count - 1
  end
  local filling = vim.fn.strcharpart(text, 0, count)
  local missing = cells - vim.fn.strdisplaywidth(filling)
  return filling .. (' '):rep(missing), vim.fn.strcharpart(text, count)
end

---@param row integer
---@param col integer
---@param text string
---@param position 'inline'|'overlay'
---@param below? string[]
local function put(row, col, text, position, below)
  local group = highlight()
  vim.api.nvim_buf_set_extmark(0, namespace, row, col, {
    virt_text = { { text, group } },
    virt_text_pos = position,
    virt_lines = below and vim.tbl_map(function(line)
      return { { line, group } }
    end, below),
    hl_mode = 'combine',
  })
end

--- Draw a text behind the cursor of the current window, and no other one any more.
---@param text string
---@param replaced string What is right of the cursor and covered by the text.
function M.draw(text, replaced)
  M.clear()
  buffer = vim.api.nvim_get_current_buf()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n', { plain = true })
  for index, line in ipairs(lines) do
    lines[index] = expanded(line, index == 1 and vim.fn.virtcol('.') - 1 or 0)
  end
  local first = table.remove(lines, 1)
  local covering, rest = split(first, vim.fn.strdisplaywidth(replaced))
  if covering ~= '' then
    put(row - 1, col, covering, 'overlay')
  end
  -- All that is replaced is covered; what has no room there moves the rest of the line.
  put(row - 1, col + #replaced, rest, 'inline', lines)
end

--- Draw nothing any more.
function M.clear()
  if buffer and vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  end
  buffer = nil
end

return M
