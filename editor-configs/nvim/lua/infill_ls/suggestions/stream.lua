--- Suggestions that grow while the model writes.
---
--- After each key the server is asked at once: when to ask the model, and what to keep, is its
--- work. Until it answers, what is left of the former suggestion stays, if the user types along it.

local drawing = require('infill_ls.suggestions.drawing')
local older = require('infill_ls.older')
local suggestion = require('infill_ls.suggestions.suggestion')

---@class infill_ls.Stream: infill_ls.Way
local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2
local TOKEN = 'infill-ls suggestion '

---@class infill_ls.Question
---@field client vim.lsp.Client
---@field id integer?
---@field token string Comes with each longer state of the answer.
---@field place infill_ls.Place

---@type infill_ls.Question? The newest, until it is answered.
local question
---@type string? What was asked about last, answered or not: any change makes another one of it.
local asked
---@type infill_ls.Suggestion[] The first is drawn.
local suggestions = {}

local count = 0

---@return boolean
local function is_inserting()
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
end

--- Tell whether an item of the completion menu is chosen; until then the menu does not mind.
---@return boolean
local function is_menu_in_use()
  return vim.fn.pumvisible() == 1 and vim.fn.complete_info({ 'selected' }).selected >= 0
end

--- Return the suggestion at the cursor, and forget those that the user does not follow.
---@return infill_ls.Suggestion? first
---@return string? rest
---@return string? replaced
local function current()
  suggestions = vim.tbl_filter(suggestion.rest, suggestions)
  if suggestions[1] and not is_menu_in_use() then
    return suggestions[1], suggestion.rest(suggestions[1])
  end
end

local function redraw()
  local first, rest, replaced = current()
  if first then
    drawing.draw(assert(rest), assert(replaced))
  else
    drawing.clear()
  end
end

--- Suggest nothing, and want no answer any more.
local function dismiss()
  if question and question.id then
    question.client:cancel_request(question.id)
  end
  question, asked, suggestions = nil, nil, {}
  drawing.clear()
end

---@param this infill_ls.Question
---@param items lsp.InlineCompletionItem[]
local function take(this, items)
  suggestions = vim.tbl_map(function(item)
    return suggestion.read(item, this.place, this.client.offset_encoding)
  end, items)
  if is_inserting() then
    redraw()
  end
end

---@return infill_ls.Place
local function here()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  return {
    bufnr = vim.api.nvim_get_current_buf(),
    row = row - 1,
    col = col,
    line = vim.api.nvim_get_current_line(),
  }
end

---@param place infill_ls.Place
---@return string
local function name_of(place)
  local tick = vim.api.nvim_buf_get_changedtick(place.bufnr)
  return ('%d %d %d %d'):format(place.bufnr, tick, place.row, place.col)
end

--- Return what serves the current buffer, unless it is switched off there.
---@return vim.lsp.Client?
local function serving()
  if not vim.b.infill_ls_is_off then
    return vim.lsp.get_clients({ name = 'infill_ls', bufnr = vim.api.nvim_get_current_buf() })[1]
  end
end

--- Ask what to suggest at the cursor.
---@param client vim.lsp.Client
---@param kind integer
---@param on_answered? fun(items: lsp.InlineCompletionItem[]) Called once all of it is drawn.
local function ask(client, kind, on_answered)
  local former = question
  count = count + 1
  ---@type infill_ls.Question
  local this = { client = client, token = TOKEN .. count, place = here() }
  question, asked = this, name_of(this.place)

  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params table
  params.context = { triggerKind = kind }
  params.partialResultToken = this.token
  local _, id = client:request(METHOD, params, function(err, answer)
    if question ~= this then
      return
    end
    question = nil
    -- None at all if there is nothing new to say.
    if not err and answer then
      local items = answer.items or answer
      take(this, items)
      if on_answered then
        on_answered(items)
      end
    end
  end, this.place.bufnr)
  this.id = id
  -- After the new request, so that the server can let it join the former one.
  -- Neovim logs an error for one whose answer it has already.
  if former and former.id and former.client.requests[former.id] then
    former.client:cancel_request(former.id)
  end
end

--- Draw what is left of the suggestion, and ask again if anything has changed.
local function follow()
  local is_replacing = vim.v.insertmode ~= 'i'
  if is_replacing or is_menu_in_use() then
    return dismiss()
  end
  redraw()
  local client = serving()
  if client and asked ~= name_of(here()) then
    ask(client, AUTOMATIC)
  end
end

function M.begin(group)
  local followed = { 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP' }
  vim.api.nvim_create_autocmd(followed, { group = group, callback = follow })
  vim.api.nvim_create_autocmd('BufLeave', { group = group, callback = dismiss })
  -- Ctrl-C ends insert mode without the event `InsertLeave`.
  vim.api.nvim_create_autocmd('ModeChanged', {
    group = group,
    pattern = 'i*:[^i]*',
    callback = dismiss,
  })
  vim.api.nvim_create_autocmd('CompleteChanged', {
    group = group,
    callback = function()
      if is_menu_in_use() then
        dismiss()
      end
    end,
  })
end

--- Take a longer state of an answer.
---@param progress lsp.ProgressParams
---@return boolean is_taken False if the progress is of something else.
function M.grow(progress)
  if question and progress.token == question.token then
    take(question, progress.value.items or progress.value)
  end
  -- Those of former questions may still come, and are nobody else's.
  return vim.startswith(tostring(progress.token), TOKEN)
end

function M.watch(client)
  if older.has_inline_completion then
    -- Else all would be suggested twice where the user has it enabled for other servers.
    vim.lsp.inline_completion.enable(false, { client_id = client.id })
  end
end

function M.show(_, bufnr)
  if is_inserting() and bufnr == vim.api.nvim_get_current_buf() then
    follow()
  end
end

function M.toggle()
  vim.b.infill_ls_is_off = not vim.b.infill_ls_is_off
  dismiss()
end

--- Put a part of the suggestion into the buffer.
---@param part infill_ls.Part
function M.insert(part)
  local first, rest, replaced = current()
  if not (first and rest and replaced) then
    return
  end
  local taken = suggestion.part(rest, part)
  local is_all = taken == rest
  suggestion.insert(taken, is_all and replaced or '')
  redraw()
  local client = serving()
  if is_all and first.command and client then
    local command = { command = first.command.command, arguments = first.command.arguments }
    client:request('workspace/executeCommand', command, function() end, first.bufnr)
  end
end

--- Accept by keys: so it is done in its turn, where nothing forbids to change the text, with the
--- completion menu closed, and `u` takes it back alone.
function M.accept(part)
  if not current() then
    return false
  end
  local menu = vim.fn.pumvisible() == 1 and '<C-e>' or ''
  local insert = "<Cmd>lua require('infill_ls.suggestions.stream').insert('%s')<CR>"
  vim.api.nvim_feedkeys(vim.keycode(menu .. '<C-g>u' .. insert:format(part)), 'in', false)
  return true
end

function M.next()
  local client = serving()
  if not (current() and client) then
    return false
  end
  local function turn()
    table.insert(suggestions, table.remove(suggestions, 1))
    redraw()
  end
  if #suggestions > 1 then
    turn()
  else
    -- Others are sought for those who ask.
    ask(client, INVOKED, turn)
  end
  return true
end

function M.ask()
  local client = serving()
  if client then
    ask(client, INVOKED, function(items)
      if #items == 0 then
        vim.notify('infill-ls: there is nothing to suggest here')
      end
    end)
  end
  return client ~= nil
end

return M
