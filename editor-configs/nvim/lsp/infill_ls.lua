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
    if require('infill_ls.buffers').admit(bufnr) then
      on_dir()
    end
  end,
  -- One server serves all projects: a second one would load the model a second time.
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
  capabilities = {
    -- Neovim before 0.12 does not know that it can.
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    -- Has the server offer to explain code, and to answer questions about it.
    experimental = { infillLsChat = true },
  },
  commands = {
    ['infill-ls.chat.ask'] = function(command, context)
      require('infill_ls.chat').act(command, context.bufnr)
    end,
  },
  handlers = {
    ['$/progress'] = function(err, progress, ...)
      if not require('infill_ls.suggestions.stream').grow(progress) then
        return vim.lsp.handlers['$/progress'](err, progress, ...)
      end
    end,
    -- What it shows is an answer that cannot be put into the code.
    ['window/showDocument'] = function(err, shown, ...)
      require('infill_ls.buffers').note_answer(shown.uri)
      return vim.lsp.handlers['window/showDocument'](err, shown, ...)
    end,
    ['infill-ls/chatDelta'] = function(_, delta)
      require('infill_ls.chat').grow(delta)
    end,
    ['infill-ls/status'] = function(_, status)
      require('infill_ls.status').update(status)
    end,
    ['infill-ls/suggestionGrew'] = function(_, grown)
      require('infill_ls.suggestions.builtin').refresh(grown.textDocument.uri)
    end,
  },
  on_init = function(client)
    require('infill_ls.older').adapt(client)
    require('infill_ls.suggestions').watch(client)
    require('infill_ls.diagnostics').watch(client)
  end,
  on_exit = function(_, _, client_id)
    require('infill_ls.status').forget()
    -- Nothing can be drawn from here.
    vim.schedule(function()
      require('infill_ls.buffers').attach_again(client_id)
      require('infill_ls.chat').forget(client_id)
    end)
  end,
}
