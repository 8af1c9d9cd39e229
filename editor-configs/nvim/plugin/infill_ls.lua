if vim.g.loaded_infill_ls or vim.fn.has('nvim-0.12') == 0 then
  return
end
vim.g.loaded_infill_ls = true

vim.api.nvim_create_user_command('InfillLsToggle', function()
  require('infill_ls').toggle()
end, { desc = 'Switch the suggestions of infill-ls in this buffer off or on' })
