---@brief
---
--- infill-ls fills in code at the cursor with Code Llama and its kin.
--- `require('infill_ls').setup()` enables it and shows its suggestions.

---@type vim.lsp.Config
return {
  cmd = { 'infill-ls' },
  -- Without `filetypes`, every language is served.
  root_markers = { '.git' },
  -- Says only whether there is a root; `root_markers` find it.
  root_dir = function(bufnr, on_dir)
    if require('infill_ls.buffers').is_served(bufnr) then
      on_dir()
    end
  end,
  -- One server serves all projects: a second one would load the model a second time.
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
  handlers = {
    ['infill-ls/status'] = function(_, status)
      require('infill_ls.status').update(status)
    end,
    ['infill-ls/suggestionGrew'] = function(_, grown)
      require('infill_ls.suggestions').refresh(grown.textDocument.uri)
    end,
  },
  on_init = function(client)
    require('infill_ls.suggestions').watch(client)
    require('infill_ls.diagnostics').watch(client)
  end,
  on_exit = function()
    require('infill_ls.status').forget()
  end,
}
