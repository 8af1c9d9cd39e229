--- Neovim's own inline completion, with what is suggested kept true to what is typed.
---
--- Neovim asks 200 ms after a key. Until the answer is there, it goes on drawing the former
--- suggestion less as many characters as were typed, whether or not they are the same; accepted,
--- it would go whole beside them ("retreturn x"). So each answer is remembered with the place
--- that it was asked for: all between there and the cursor was typed since.

local suggestion = require('infill_ls.suggestions.suggestion')

---@class infill_ls.Builtin: infill_ls.Way
local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED = 1

---@class infill_ls.Answer
---@field items lsp.InlineCompletionItem[]
---@field row integer The place: line and byte, from 0. The server replaces nothing before it.
---@field col integer
---@field client_id integer
---@field show fun(items: lsp.InlineCompletionItem[]) Has Neovim draw these.

---@type table<integer, infill_ls.Answer?>
local newest_of_buffer = {}
---@type table<integer, lsp.Handler?> What Neovim takes answers with.
local handler_of_buffer = {}

--- Tell whether something of the answer begins with what was typed since.
---@param answer infill_ls.Answer
---@return boolean
local function fits(answer)
  local typed = suggestion.typed_since(answer.row, answer.col)
  return typed ~= nil
    and vim.iter(answer.items):any(function(item)
      return vim.startswith(item.insertText, typed)
    end)
end

--- Withdraw what is suggested in the current buffer if the user has typed something else.
local function withdraw_unfit()
  local bufnr = vim.api.nvim_get_current_buf()
  local answer = newest_of_buffer[bufnr]
  if answer and not fits(answer) then
    newest_of_buffer[bufnr] = nil
    answer.show({})
  end
end

---@param handler lsp.Handler
---@param place [integer, integer] As of `nvim_win_get_cursor()`.
---@return lsp.Handler
local function remembering(handler, place)
  return function(err, result, context)
    -- Neovim has nowhere to draw it.
    if not vim.lsp.buf_is_attached(context.bufnr, context.client_id) then
      return
    end
    local items = result and (result.items or result)
    if items and items[1] then
      newest_of_buffer[context.bufnr] = {
        items = items,
        row = place[1] - 1,
        col = place[2],
        client_id = context.client_id,
        show = function(shown)
          handler(nil, { items = shown }, context)
        end,
      }
    elseif result then
      newest_of_buffer[context.bufnr] = nil
    end
    handler(err, result, context)
    -- The user may have typed on meanwhile.
    withdraw_unfit()
  end
end

---@param event vim.api.keyset.create_autocmd.callback_args
local function forget(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if client and client.name == 'infill_ls' then
    newest_of_buffer[event.buf] = nil
    handler_of_buffer[event.buf] = nil
  end
end

function M.begin(group)
  vim.api.nvim_create_autocmd('CursorMovedI', { group = group, callback = withdraw_unfit })
  vim.api.nvim_create_autocmd('LspDetach', { group = group, callback = forget })
end

--- Remember what a client suggests from now on. Neovim asks by `client:request()`, and nothing else
--- lets us see the answer.
function M.watch(client)
  local request = client.request
  client.request = function(self, method, params, handler, bufnr)
    if method == METHOD and handler then
      if params.context.triggerKind ~= INVOKED then
        handler_of_buffer[bufnr] = handler
      end
      handler = remembering(handler, vim.api.nvim_win_get_cursor(0))
    end
    return request(self, method, params, handler, bufnr)
  end
end

function M.show(_, bufnr)
  if vim.b[bufnr].infill_ls_is_off then
    return
  end
  -- What is enabled anew works at once, else only after this event.
  vim.lsp.inline_completion.enable(false, { bufnr = bufnr })
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
  -- The user may have typed before the server was there.
  M.refresh(vim.uri_from_bufnr(bufnr))
end

function M.toggle()
  local is_enabled = vim.lsp.inline_completion.is_enabled({ bufnr = 0 })
  vim.b.infill_ls_is_off = is_enabled
  vim.lsp.inline_completion.enable(not is_enabled, { bufnr = 0 })
  -- It would draw for what is not enabled any more.
  handler_of_buffer[vim.api.nvim_get_current_buf()] = nil
end

--- Ask anew in a document for which there is more than what is drawn.
---@param uri string
function M.refresh(uri)
  local bufnr = vim.api.nvim_get_current_buf()
  local is_inserting = vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
  if uri == vim.uri_from_bufnr(bufnr) and is_inserting then
    -- Nothing else has the built-in module ask; its group spares those of others.
    pcall(vim.api.nvim_exec_autocmds, 'CursorMovedI', {
      buffer = bufnr,
      group = ('nvim.lsp.inline_completion:%d'):format(bufnr),
      modeline = false,
    })
  end
end

--- Return how an item goes on, and from where, if it is of our server.
---@param item vim.lsp.inline_completion.Item
---@return infill_ls.Answer? answer None if it is of another server.
---@return string? rest None if the user has typed something else.
local function rest_of(item)
  local answer = newest_of_buffer[vim.api.nvim_get_current_buf()]
  if not answer or answer.client_id ~= item.client_id then
    return nil
  end
  local text = item.insert_text --[[@as string]]
  local typed = suggestion.typed_since(answer.row, answer.col)
  return answer, typed and vim.startswith(text, typed) and text:sub(#typed + 1) or nil
end

--- Take back what was typed since the suggestion was asked for, as it holds that too.
---@param item vim.lsp.inline_completion.Item
---@return vim.lsp.inline_completion.Item? item None if the user has typed something else.
local function take_back_typed(item)
  local answer, rest = rest_of(item)
  if not answer then
    return item
  elseif not rest then
    return nil
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  vim.api.nvim_buf_set_text(0, answer.row, answer.col, row - 1, col, {})
  newest_of_buffer[vim.api.nvim_get_current_buf()] = nil
  return item
end

--- Put a part of a suggestion into the buffer, and go on drawing the rest.
---@param item vim.lsp.inline_completion.Item
---@param part infill_ls.Part
---@return vim.lsp.inline_completion.Item? item Where the part is all that is left.
local function insert_part(item, part)
  local answer, rest = rest_of(item)
  local taken = rest and suggestion.part(rest, part)
  if not answer or not taken or taken == rest then
    return take_back_typed(item)
  end
  suggestion.insert(taken, '')
  -- In another line Neovim would draw it anew from its beginning; there, it is asked for again.
  if not taken:find('\n') then
    answer.show(answer.items)
  end
end

function M.accept(part)
  local answer = newest_of_buffer[vim.api.nvim_get_current_buf()]
  -- Of keys that come at one go, only the last makes an event.
  if answer and not fits(answer) then
    return false
  end
  return vim.lsp.inline_completion.get({
    on_accept = part == 'all' and take_back_typed or function(item)
      return insert_part(item, part)
    end,
  })
end

--- Ask explicitly, which Neovim itself never does.
---@param on_answered? fun()
---@return boolean is_asked
local function ask(on_answered)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'infill_ls', bufnr = bufnr })[1]
  local handler = handler_of_buffer[bufnr]
  if not client or not handler then
    return false
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params table
  params.context = { triggerKind = INVOKED }
  client:request(METHOD, params, function(...)
    handler(...)
    if on_answered then
      on_answered()
    end
  end, bufnr)
  return true
end

function M.next()
  local answer = newest_of_buffer[vim.api.nvim_get_current_buf()]
  if not answer then
    return false
  elseif #answer.items > 1 then
    vim.lsp.inline_completion.select()
  else
    -- Others are sought for those who ask.
    ask(vim.lsp.inline_completion.select)
  end
  return true
end

function M.ask()
  return ask()
end

return M
