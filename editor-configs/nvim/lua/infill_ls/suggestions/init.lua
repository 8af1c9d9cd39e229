--- What is suggested behind the cursor. There are two ways to it: Neovim's own inline completion,
--- and one of this plug-in in which a suggestion grows while the model writes.

local older = require('infill_ls.older')

local M = {}

---@alias infill_ls.Part 'all'|'word'|'line'

---@class infill_ls.Way
---@field begin fun(group: integer) Does its part while one types; `group` has its autocommands.
---@field watch fun(client: vim.lsp.Client) Prepares a client before it is used.
---@field show fun(client: vim.lsp.Client, bufnr: integer) Suggests in a buffer that is served now.
---@field toggle fun() Switches suggestions in the current buffer off or on.
---@field accept fun(part: infill_ls.Part): boolean
---@field next fun(): boolean
---@field ask fun(): boolean

---@type 'builtin'|'stream'
local chosen = older.has_inline_completion and 'builtin' or 'stream'

---@return infill_ls.Way
local function way()
  return require('infill_ls.suggestions.' .. chosen)
end

--- Return what is wrong with the option, if anything.
---@param name string
---@return string? problem One sentence.
function M.problem_of(name)
  if name ~= 'builtin' and name ~= 'stream' then
    return ("the option \"suggestions\" must be 'builtin' or 'stream', not %s"):format(
      vim.inspect(name)
    )
  elseif name == 'builtin' and not older.has_inline_completion then
    return "this Neovim has no suggestions of its own; leave out `suggestions = 'builtin'`"
  end
end

--- Return which way is taken.
---@return 'builtin'|'stream'
function M.chosen()
  return chosen
end

--- Suggest from now on.
---@param name? 'builtin'|'stream' Neovim's own way by default, where there is one.
---@param group integer
function M.begin(name, group)
  chosen = name or chosen
  way().begin(group)
end

--- Prepare a client before it is used.
---@param client vim.lsp.Client
function M.watch(client)
  way().watch(client)
end

--- Suggest in a buffer that is served now.
---@param client vim.lsp.Client
---@param bufnr integer
function M.show(client, bufnr)
  way().show(client, bufnr)
end

--- Switch the suggestions in the current buffer off or on.
function M.toggle()
  way().toggle()
end

--- Accept the suggestion that is drawn, soon after returning.
---@return boolean is_accepted False if there is none.
function M.accept()
  return way().accept('all')
end

--- Accept what is drawn up to the end of a word, soon after returning.
---@return boolean is_accepted False if nothing is suggested.
function M.accept_word()
  return way().accept('word')
end

--- Accept what is drawn up to the end of a line, soon after returning.
---@return boolean is_accepted False if nothing is suggested.
function M.accept_line()
  return way().accept('line')
end

--- Show another suggestion; the server looks for more where there is but one.
---@return boolean is_suggested False if nothing is.
function M.next()
  return way().next()
end

--- Ask for a suggestion here and now.
---@return boolean is_asked False if this buffer is not served.
function M.ask()
  return way().ask()
end

return M
