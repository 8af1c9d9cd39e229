--- One conversation with the model. The server keeps it, and chooses what of it the model sees.

local code_of = require('infill_ls.chat.code')
local server = require('infill_ls.server')
local view = require('infill_ls.chat.view')

local M = {}

---@class infill_ls.Turn A question, and what becomes of it.
---@field text string
---@field answer string As far as it has come.
---@field code infill_ls.Code?
---@field client vim.lsp.Client
---@field token string Stops the answer, even before the server has named the conversation.
---@field is_answering boolean
---@field is_kept boolean Whether the server has the question in the conversation.

---@class infill_ls.Reply
---@field conversation string
---@field finish 'end'|'length'|'stopped'
---@field cut boolean

---@type infill_ls.Turn? The newest.
local turn
---@type string? The server's name for the conversation.
local conversation
---@type { text: string, answer: string }[] What was answered before, for a server that is new.
local said = {}
---@type infill_ls.Code? What goes with the next question.
local next_code

local count = 0

---@return boolean
local function is_answering()
  return turn ~= nil and turn.is_answering
end

--- Tell whether a question can be asked; else, tell the user why not.
---@return boolean
local function is_idle()
  if is_answering() then
    server.tell('an answer is being written; `:InfillLs stop` stops it')
  end
  return not is_answering()
end

---@param client vim.lsp.Client
---@param command string
---@param argument table
---@param handler? lsp.Handler
---@param bufnr? integer What was changed in it last is sent before.
---@return boolean is_sent
local function execute(client, command, argument, handler, bufnr)
  local params = { command = 'infill-ls.chat.' .. command, arguments = { argument } }
  return (client:request('workspace/executeCommand', params, handler or function() end, bufnr))
end

---@param reply infill_ls.Reply
local function note_end(reply)
  if reply.finish == 'stopped' then
    view.note('[stopped]', 'Comment')
  elseif reply.finish == 'length' then
    view.note('[longer than `chat.maxTokens` allows]', 'Comment')
  end
  if reply.cut then
    view.note('[not all that was said before, or not all the code, had room]', 'Comment')
  end
end

---@param this infill_ls.Turn
---@param err lsp.ResponseError?
---@param reply infill_ls.Reply?
local function finish(this, err, reply)
  local data = err and err.data
  local name = reply and reply.conversation or type(data) == 'table' and data.conversation or nil
  this.is_answering = false
  if this ~= turn then
    -- Cleared before the server had named it.
    return name and execute(this.client, 'clear', { conversation = name })
  end
  view.on_interrupt(nil)
  this.is_kept = this.is_kept or name ~= nil
  conversation = name or conversation
  if reply then
    note_end(reply)
  else
    view.note(err and err.message or 'the server has ended', 'DiagnosticError')
  end
  vim.cmd.redrawstatus({ bang = true })
end

--- Have the server write an answer.
---@param this infill_ls.Turn
---@param command 'send'|'retry'
---@param argument table
local function answer(this, command, argument)
  count = count + 1
  this.token = ('infill-ls chat %d'):format(count)
  this.is_answering = true
  view.on_interrupt(M.stop)
  argument.conversation = conversation
  argument.workDoneToken = this.token
  local bufnr = this.code and vim.api.nvim_buf_is_loaded(this.code.bufnr) and this.code.bufnr
  local is_sent = execute(this.client, command, argument, function(err, reply)
    finish(this, err, reply)
  end, bufnr or nil)
  if not is_sent then
    finish(this)
  end
  vim.cmd.redrawstatus({ bang = true })
end

---@param this infill_ls.Turn
local function send(this)
  local context = this.code and code_of.context(this.code)
  local history = not conversation and said or {}
  answer(this, 'send', { text = this.text, context = context, history = history })
end

--- Ask in the split, which is there.
---@param text string
local function ask(text)
  local client = server.running()
  if client and is_idle() then
    if turn and turn.answer ~= '' then
      table.insert(said, { text = turn.text, answer = turn.answer })
    end
    turn = { text = text, answer = '', code = next_code, client = client, is_kept = false }
    next_code = nil
    view.question(text, turn.code and turn.code.name)
    send(turn)
  end
end

---@type infill_ls.ChatActions
local ACTIONS = {
  ask = ask,
  can_ask = function()
    return server.running() ~= nil and is_idle()
  end,
  keys = {
    ['<C-c>'] = {
      'Stop the answer',
      function()
        if is_answering() then
          M.stop()
        else
          vim.cmd.stopinsert()
        end
      end,
    },
    gR = {
      'Ask the last question again',
      function()
        M.retry()
      end,
    },
    gC = {
      'Forget the conversation',
      function()
        M.clear()
      end,
    },
    q = { 'Close the chat', view.close },
  },
}

--- Open the split, and ask there, or have the user do so.
---@param text string Empty to have the user ask.
---@param code? infill_ls.Code
---@param modifiers? vim.api.keyset.cmd.mods
function M.open(text, code, modifiers)
  next_code = code
  view.open(ACTIONS, modifiers)
  if text ~= '' then
    ask(text)
  else
    vim.cmd.startinsert({ bang = true })
  end
  vim.cmd.redrawstatus({ bang = true })
end

--- Return what a question would be about: the lines of a command, or the function at the cursor.
---@param lines? [integer, integer]
---@return infill_ls.Code?
function M.code(lines)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = 'infill_ls', bufnr = bufnr })[1]
  if not client then
    return nil
  elseif lines then
    return code_of.lines(bufnr, lines[1], lines[2])
  end
  return code_of.around_cursor(client)
end

--- Do what a code action asks for: a question about some code, or room for one.
---@param command lsp.Command Its arguments: `{ uri, range }` and perhaps the question.
---@param bufnr integer Where it was chosen.
function M.act(command, bufnr)
  local about, text = unpack(command.arguments)
  M.open(text or '', code_of.between(bufnr, about.range))
end

--- Draw the next piece of an answer.
---@param delta { conversation: string, message: integer, text: string }
function M.grow(delta)
  local is_ours = delta.conversation == (conversation or delta.conversation)
  if turn and turn.is_answering and is_ours then
    conversation = delta.conversation
    turn.answer = turn.answer .. delta.text
    view.grow(delta.text)
  end
end

--- End the answer that is being written; what was written stays.
function M.stop()
  if turn and turn.is_answering then
    turn.client:notify('window/workDoneProgress/cancel', { token = turn.token })
  else
    server.tell('nothing is being answered')
  end
end

--- Ask the last question again, and forget its answer.
function M.retry()
  if not turn then
    return server.tell('nothing was asked yet')
  elseif not is_idle() then
    return
  end
  local client = server.running()
  if client then
    view.open(ACTIONS)
    view.again(turn.text, turn.code and turn.code.name)
    turn.client, turn.answer = client, ''
    if turn.is_kept and conversation then
      answer(turn, 'retry', {})
    else
      send(turn)
    end
  end
end

--- Forget the conversation.
function M.clear()
  local former, name = turn, conversation
  turn, conversation, next_code, said = nil, nil, nil, {}
  if former and name then
    execute(former.client, 'clear', { conversation = name })
  elseif former and former.is_answering then
    former.client:notify('window/workDoneProgress/cancel', { token = former.token })
  end
  view.on_interrupt(nil)
  view.clear()
  vim.cmd.redrawstatus({ bang = true })
end

--- Go on without a server that has ended; the next one is told what was said.
---@param client_id integer
function M.forget(client_id)
  if turn and turn.client.id == client_id then
    conversation = nil
    if turn.is_answering then
      finish(turn)
    end
  end
end

--- Return the title of the split: what the next question is about, and what goes on.
---@return string
function M.title()
  local about = next_code and (' about ' .. next_code.name) or ''
  return ('infill-ls chat%s%s'):format(about, is_answering() and ' (answering)' or '')
end

return M
