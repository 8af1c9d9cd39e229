--- Keeps what is suggested true to what is typed.
---
--- Neovim asks 200 ms after a key. Until the answer is there, it goes on drawing the former
--- suggestion less as many characters as were typed, whether or not they are the same; accepted,
--- it would go whole beside them ("retreturn x"). So each suggestion is remembered with the place
--- that it was asked for: all between there and the cursor was typed since.

local M = {}

---@class infill_ls.Suggestion
---@field text string
---@field row integer The place: line and byte, from 0. The server replaces nothing before it.
---@field col integer
---@field withdraw fun() Has Neovim forget it.

---@type table<integer, infill_ls.Suggestion?>
local newest_of_buffer = {}

--- Tell whether the suggestion begins with what was typed since.
---@param suggestion infill_ls.Suggestion
---@return boolean
local function fits(suggestion)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  -- Fails where the cursor is before the place.
  local is_after, typed =
    pcall(vim.api.nvim_buf_get_text, 0, suggestion.row, suggestion.col, row - 1, col, {})
  return is_after and vim.startswith(suggestion.text, table.concat(typed, '\n'))
end

--- Withdraw the suggestion in the current buffer if the user has typed something else.
function M.withdraw_unfit()
  local bufnr = vim.api.nvim_get_current_buf()
  local suggestion = newest_of_buffer[bufnr]
  if suggestion and not fits(suggestion) then
    newest_of_buffer[bufnr] = nil
    suggestion.withdraw()
  end
end

---@param handler lsp.Handler
---@param place [integer, integer] As of `nvim_win_get_cursor()`.
---@return lsp.Handler
local function remembering(handler, place)
  return function(err, result, context)
    local item = result and (result.items or result)[1]
    if item then
      newest_of_buffer[context.bufnr] = {
        text = item.insertText,
        row = place[1] - 1,
        col = place[2],
        withdraw = function()
          handler(nil, { items = {} }, context)
        end,
      }
    elseif result then
      newest_of_buffer[context.bufnr] = nil
    end
    handler(err, result, context)
    -- The user may have typed on meanwhile.
    M.withdraw_unfit()
  end
end

--- Remember what a client suggests from now on. Neovim asks by `client:request()`, and nothing else
--- lets us see the answer.
---@param client vim.lsp.Client
function M.watch(client)
  local request = client.request
  client.request = function(self, method, params, handler, bufnr)
    if method == 'textDocument/inlineCompletion' and handler then
      handler = remembering(handler, vim.api.nvim_win_get_cursor(0))
    end
    return request(self, method, params, handler, bufnr)
  end
end

--- Ask anew in a document for which there is more than what is drawn.
---@param uri string
function M.refresh(uri)
  local bufnr = vim.uri_to_bufnr(uri)
  local is_inserting = vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
  if bufnr == vim.api.nvim_get_current_buf() and is_inserting then
    -- Nothing else has the built-in module ask; its group spares those of others.
    pcall(vim.api.nvim_exec_autocmds, 'CursorMovedI', {
      buffer = bufnr,
      group = ('nvim.lsp.inline_completion:%d'):format(bufnr),
      modeline = false,
    })
  end
end

--- Take back what was typed since the suggestion was asked for, as it holds that too.
---@param item vim.lsp.inline_completion.Item
---@return vim.lsp.inline_completion.Item? item None if the user has typed something else.
local function take_back_typed(item)
  local bufnr = vim.api.nvim_get_current_buf()
  local suggestion = newest_of_buffer[bufnr]
  local is_of_other_server = not suggestion or suggestion.text ~= item.insert_text
  if is_of_other_server or not fits(suggestion) then
    return is_of_other_server and item or nil
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  vim.api.nvim_buf_set_text(0, suggestion.row, suggestion.col, row - 1, col, {})
  newest_of_buffer[bufnr] = nil
  return item
end

--- Accept the suggestion that is drawn, soon after returning.
---@return boolean is_accepted False if there is none.
function M.accept()
  local suggestion = newest_of_buffer[vim.api.nvim_get_current_buf()]
  -- Of keys that come at one go, only the last makes an event.
  if suggestion and not fits(suggestion) then
    return false
  end
  return vim.lsp.inline_completion.get({ on_accept = take_back_typed })
end

return M
