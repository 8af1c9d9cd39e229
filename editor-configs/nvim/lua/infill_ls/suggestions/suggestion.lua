--- One suggestion, what is left of it at the cursor, and how that goes into the buffer.

local older = require('infill_ls.older')

local M = {}

---@class infill_ls.Suggestion
---@field bufnr integer
---@field text string What is to stand between two places of a line.
---@field row integer Of the first place, from 0.
---@field col integer Of the first place, in bytes.
---@field after string What follows the second place on its line, wherever that moves.
---@field command? lsp.Command To be executed once it is accepted.

---@class infill_ls.Place Where the server was asked, and how it was there.
---@field bufnr integer
---@field row integer From 0.
---@field col integer In bytes.
---@field line string

--- Read an item of the server. Its range is within the line of the place that it was asked for.
---@param item lsp.InlineCompletionItem
---@param place infill_ls.Place
---@param encoding infill_ls.Encoding
---@return infill_ls.Suggestion
function M.read(item, place, encoding)
  ---@param position lsp.Position?
  local function col_of(position)
    return position and older.byteindex(place.line, encoding, position.character) or place.col
  end
  return {
    bufnr = place.bufnr,
    text = item.insertText --[[@as string]],
    row = place.row,
    col = col_of(item.range and item.range.start),
    after = place.line:sub(col_of(item.range and item.range['end']) + 1),
    command = item.command,
  }
end

--- Return what was typed since the cursor was at a place.
---@param row integer From 0.
---@param col integer In bytes.
---@return string? typed None where the cursor is before the place.
function M.typed_since(row, col)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local is_behind, typed =
    pcall(vim.api.nvim_buf_get_text, 0, row, col, cursor[1] - 1, cursor[2], {})
  return is_behind and table.concat(typed, '\n') or nil
end

--- Return what a suggestion has beyond what was typed since, unless something else was.
---@param suggestion infill_ls.Suggestion
---@return string? rest
---@return string? replaced What stands right of the cursor, and makes room for the rest.
function M.rest(suggestion)
  if suggestion.bufnr ~= vim.api.nvim_get_current_buf() then
    return nil
  end
  local typed = M.typed_since(suggestion.row, suggestion.col)
  local right = vim.api.nvim_get_current_line():sub(vim.api.nvim_win_get_cursor(0)[2] + 1)
  if not typed or not vim.endswith(right, suggestion.after) then
    return nil
  end
  local replaced = right:sub(1, #right - #suggestion.after)
  local rest = suggestion.text:sub(#typed + 1)
  if vim.startswith(suggestion.text, typed) and rest ~= replaced then
    return rest, replaced
  end
end

--- Return so much of a rest as is accepted at one go.
---@param rest string
---@param part infill_ls.Part
---@return string
function M.part(rest, part)
  if part == 'word' then
    local word = vim.fn.matchstr(rest, [[^\_.\{-}\k\+]])
    return word == '' and rest or word
  elseif part == 'line' then
    return rest:match('^\n*[^\n]*') or rest
  end
  return rest
end

--- Put a text where the cursor is, and the cursor behind it.
---@param text string
---@param replaced string What is right of the cursor and goes.
function M.insert(text, replaced)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col + #replaced, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines] })
end

return M
