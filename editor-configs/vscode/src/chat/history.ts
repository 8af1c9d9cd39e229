/** Lets the user go back to a conversation of this window, or have it forgotten. */

import * as vscode from 'vscode';
import type { Chat } from './chat.ts';
import type { Conversation } from './conversation.ts';

interface Item extends vscode.QuickPickItem {
  conversation: Conversation;
}

const FORGET: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('trash'),
  tooltip: 'Forget This Conversation',
};

/** Show them all; `gone` is called once the user has gone to one. */
export function showHistory(chat: Chat, gone: () => void): void {
  const pick = vscode.window.createQuickPick<Item>();
  const fill = () => {
    pick.items = chat.conversations.all.map(itemOf);
  };
  pick.title = 'Conversations of This Window';
  pick.placeholder = 'Go on with which?';
  pick.onDidAccept(() => {
    const [chosen] = pick.selectedItems;
    pick.hide();
    if (chosen) {
      chat.go(chosen.conversation);
      gone();
    }
  });
  pick.onDidTriggerItemButton(({ item }) => {
    void chat.forget(item.conversation);
    fill();
  });
  pick.onDidHide(() => pick.dispose());
  fill();
  pick.show();
}

/** A conversation is called by its first question. */
function itemOf(conversation: Conversation): Item {
  const { turns, isWriting } = conversation;
  const count = turns.length === 1 ? 'one question' : `${turns.length} questions`;
  return {
    label: turns[0]?.question.split('\n', 1)[0] ?? '',
    description: isWriting ? `${count}, being answered` : count,
    buttons: [FORGET],
    conversation,
  };
}
