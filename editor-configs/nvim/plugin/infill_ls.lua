if vim.g.loaded_infill_ls or vim.fn.has('nvim-0.10') == 0 then
  return
end
vim.g.loaded_infill_ls = true

vim.api.nvim_create_user_command('InfillLsToggle', function()
  require('infill_ls').toggle()
end, { desc = 'Switch the suggestions of infill-ls in this buffer off or on' })

vim.api.nvim_create_user_command('InfillLs', function(call)
  require('infill_ls.command').run(call)
end, {
  nargs = '+',
  range = true,
  complete = function(lead, line)
    return require('infill_ls.command').complete(lead, line)
  end,
  desc = 'Chat with infill-ls, and see to its server',
})
