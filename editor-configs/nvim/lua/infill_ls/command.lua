--- `:InfillLs`

local M = {}

---@alias infill_ls.Subcommand fun(rest: string, call: vim.api.keyset.create_user_command.command_args)

---@param call vim.api.keyset.create_user_command.command_args
---@return [integer, integer]? lines The range that was given to the command.
local function lines_of(call)
  return call.range > 0 and { call.line1, call.line2 } or nil
end

---@param call vim.api.keyset.create_user_command.command_args
---@return vim.api.keyset.cmd.mods? modifiers Where the user wants a split, if that was said.
local function place_of(call)
  local mods = call.smods
  local is_said = mods.vertical or mods.horizontal or mods.split ~= '' or mods.tab >= 0
  return is_said and mods or nil
end

---@param name 'stop'|'retry'|'clear'
---@return infill_ls.Subcommand
local function of_chat(name)
  return function()
    require('infill_ls.chat')[name]()
  end
end

---@type table<string, infill_ls.Subcommand>
local subcommands = {
  chat = function(rest, call)
    local chat = require('infill_ls.chat')
    chat.open(rest, chat.code(lines_of(call)), place_of(call))
  end,
  ask = function(rest, call)
    local chat, lines = require('infill_ls.chat'), lines_of(call)
    chat.open(rest, lines and chat.code(lines), place_of(call))
  end,
  stop = of_chat('stop'),
  retry = of_chat('retry'),
  clear = of_chat('clear'),
  toggle = function()
    require('infill_ls').toggle()
  end,
  status = function()
    vim.notify(require('infill_ls.status').sentence())
  end,
  log = function(_, call)
    vim.cmd.sview({ vim.fn.fnameescape(vim.lsp.log.get_filename()), mods = place_of(call) })
    vim.cmd.normal({ 'G', bang = true })
  end,
  model = function(name)
    local model = require('infill_ls.model')
    if name == '' then
      model.choose()
    else
      model.switch(name)
    end
  end,
  restart = function()
    require('infill_ls.older').restart()
  end,
}

--- What may follow a subcommand; that of others is a question.
---@type table<string, fun(): string[]>
local arguments = {
  model = function()
    return require('infill_ls.model').names()
  end,
}

---@param call vim.api.keyset.create_user_command.command_args
function M.run(call)
  local name, rest = call.args:match('^(%S+)%s*(.-)%s*$')
  local subcommand = subcommands[name]
  if subcommand then
    return subcommand(rest, call)
  end
  local names = table.concat(M.complete('', 'InfillLs '), ', ')
  local message = ('infill-ls: there is no %q; there are %s'):format(name, names)
  vim.notify(message, vim.log.levels.ERROR)
end

---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local subcommand = line:match('InfillLs%s+(%S+)%s')
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  if subcommand then
    names = arguments[subcommand] and arguments[subcommand]() or {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, names)
end

return M
