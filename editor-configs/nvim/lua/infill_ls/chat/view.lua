--- Draws a conversation as Markdown, in a split with a prompt at its end.

local older = require('infill_ls.older')

local M = {}

local NAME = 'infill-ls://chat'
-- A question that is typed looks like one that was asked: a quotation of Markdown.
local PROMPT = '> '

local namespace = vim.api.nvim_create_namespace('infill_ls.chat')

---@type integer?
local buffer
---@type integer? Where the newest answer begins; stays before what is put there.
local first_mark
---@type integer? Where it ends; stays behind.
local end_mark

---@return integer row Of the prompt, from 0.
local function prompt_row()
  return older.prompt_row(assert(buffer))
end

---@param mark integer?
---@return integer row
---@return integer col
local function place_of(mark)
  return unpack(vim.api.nvim_buf_get_extmark_by_id(assert(buffer), namespace, assert(mark), {}))
end

--- Tell whether the buffer is there; the user may have wiped it out.
---@return boolean
local function is_there()
  return buffer ~= nil and vim.api.nvim_buf_is_loaded(buffer)
end

--- Take what was typed in the prompt out of the buffer, as it is drawn where questions are.
---@param text string
local function take(text)
  local row = prompt_row()
  local count = #vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_lines(assert(buffer), row - count, row, false, {})
end

---@class infill_ls.ChatActions What one does in the split.
---@field ask fun(text: string)
---@field can_ask fun(): boolean
---@field keys table<string, [string, fun()]> With what they do, in words.

---@param bufnr integer
---@param actions infill_ls.ChatActions
local function map_keys(bufnr, actions)
  -- Enter empties the prompt, so a question that cannot be asked would be lost.
  vim.keymap.set('i', '<CR>', function()
    return actions.can_ask() and '<CR>' or '<Ignore>'
  end, { buffer = bufnr, expr = true, desc = 'Ask' })
  for key, action in pairs(actions.keys) do
    local description, run = unpack(action)
    local modes = key == '<C-c>' and { 'n', 'i' } or 'n'
    vim.keymap.set(modes, key, run, { buffer = bufnr, desc = description, nowait = true })
  end
end

--- Make the buffer, unless it is there.
---@param actions infill_ls.ChatActions
local function make(actions)
  if is_there() then
    return
  end
  local bufnr = vim.fn.bufadd(NAME)
  buffer, first_mark, end_mark = bufnr, nil, nil
  vim.bo[bufnr].buftype = 'prompt'
  vim.bo[bufnr].bufhidden = 'hide'
  vim.bo[bufnr].swapfile = false
  vim.fn.bufload(bufnr)
  -- What is drawn is nothing to undo.
  vim.bo[bufnr].undolevels = -1
  older.set_prompt(bufnr, PROMPT)
  vim.fn.prompt_setcallback(bufnr, function(text)
    take(text)
    if vim.trim(text) ~= '' then
      actions.ask(text)
    end
  end)
  vim.bo[bufnr].filetype = 'markdown'
  map_keys(bufnr, actions)
end

--- Show the split, and go there.
---@param actions infill_ls.ChatActions
---@param modifiers? vim.api.keyset.cmd.mods Where it opens; to one side by default.
function M.open(actions, modifiers)
  make(actions)
  local window = vim.fn.bufwinid(assert(buffer))
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd.split({ mods = modifiers or { vertical = true } })
    vim.api.nvim_win_set_buf(0, buffer)
  end
  local options = vim.wo[0][0]
  options.wrap, options.linebreak = true, true
  options.winbar = "%{v:lua.require'infill_ls.chat'.title()}"
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(buffer), #PROMPT })
end

--- Have Ctrl-C do something in the split, even where its mapping does not: while Neovim is busy, it
--- takes the key for an interrupt.
---@param run fun()? None to leave it alone again.
function M.on_interrupt(run)
  vim.on_key(run and function(key)
    if key == vim.keycode('<C-c>') and vim.api.nvim_get_current_buf() == buffer then
      vim.schedule(run)
      return ''
    end
  end, namespace)
end

--- Close the split; what was said stays.
function M.close()
  -- Neovim keeps its last window.
  if not pcall(vim.cmd.close) then
    vim.cmd.enew()
  end
end

--- Draw a question, with room for its answer.
---@param text string
---@param about string? The code that goes along, in words.
function M.question(text, about)
  local lines =
    vim.split(about and ('%s\n(%s)'):format(text, about) or text, '\n', { plain = true })
  lines = vim.tbl_map(function(line)
    return PROMPT .. line
  end, lines)
  vim.list_extend(lines, { '', '', '' })
  local row = prompt_row()
  vim.api.nvim_buf_set_lines(assert(buffer), row, row, false, lines)
  local place = row + #lines - 2
  first_mark = vim.api.nvim_buf_set_extmark(buffer, namespace, place, 0, { right_gravity = false })
  end_mark = vim.api.nvim_buf_set_extmark(buffer, namespace, place, 0, {})
end

--- Draw more of the answer.
---@param text string
---@param highlight? string
function M.grow(text, highlight)
  if not (is_there() and end_mark) then
    return
  end
  local row, col = place_of(end_mark)
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(assert(buffer), row, col, row, col, lines)
  if highlight then
    local end_row, end_col = place_of(end_mark)
    local range = { end_row = end_row, end_col = end_col, hl_group = highlight }
    vim.api.nvim_buf_set_extmark(buffer, namespace, row, col, range)
  end
end

--- Say something that is not of the model.
---@param words string
---@param highlight string
function M.note(words, highlight)
  if not (is_there() and end_mark) then
    return
  end
  local row, col = place_of(first_mark)
  local end_row, end_col = place_of(end_mark)
  local answer = vim.api.nvim_buf_get_text(assert(buffer), row, col, end_row, end_col, {})
  local is_in_fence = false
  for _, line in ipairs(answer) do
    is_in_fence = is_in_fence ~= (line:match('^%s*```') ~= nil)
  end
  -- Else all that follows would be drawn as code.
  M.grow(is_in_fence and '\n```\n' or table.concat(answer):match('%S') and ' ' or '')
  M.grow(words, highlight)
end

--- Draw a question anew, without its answer.
---@param text string
---@param about string?
function M.again(text, about)
  if not end_mark then
    return M.question(text, about)
  end
  local row, col = place_of(first_mark)
  local end_row, end_col = place_of(end_mark)
  vim.api.nvim_buf_set_text(assert(buffer), row, col, end_row, end_col, {})
end

--- Draw nothing any more but the prompt.
function M.clear()
  if is_there() then
    vim.api.nvim_buf_clear_namespace(assert(buffer), namespace, 0, -1)
    vim.api.nvim_buf_set_lines(buffer, 0, prompt_row(), false, {})
  end
  first_mark, end_mark = nil, nil
end

return M
