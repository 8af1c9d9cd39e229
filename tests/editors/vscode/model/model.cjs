// Has a model, and never an answer of it.
const vscode = require('vscode');

const MODEL = {
  id: 'silent',
  name: 'Silent Model',
  family: 'silent',
  version: '1',
  maxInputTokens: 1024,
  maxOutputTokens: 1024,
  capabilities: {},
};

exports.activate = ({ subscriptions }) => {
  const provider = {
    provideLanguageModelChatInformation: () => [MODEL],
    provideLanguageModelChatResponse: () => Promise.reject(new Error('it was asked')),
    provideTokenCount: () => 1,
  };
  subscriptions.push(vscode.lm.registerLanguageModelChatProvider('test', provider));
  // VS Code looks for models only when one is wanted.
  vscode.lm.selectChatModels({ vendor: 'test' });
};
