--- Where Neovim 0.10 and 0.11 differ from 0.12. Nothing else in this plug-in asks for the version.

local M = {}

--- Whether Neovim itself can suggest what a server has to offer.
M.has_inline_completion = vim.lsp.inline_completion ~= nil

return M
