;;; infill-ls-chat.el --- Chat with the model about code  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `infill-ls-chat' asks about the region or the function at point.  Each
;; project has one conversation, in a buffer of its own; the server keeps it,
;; chooses what of it the model sees, and sends the answer piece by piece.

;;; Code:

(require 'infill-ls-server)
(require 'thingatpt)

(defface infill-ls-chat-question '((t :inherit bold))
  "A question of the user."
  :group 'infill-ls)

(defvar-local infill-ls-chat--server nil "The server that has the conversation.")
(defvar-local infill-ls-chat--conversation nil "Its name there; nil before there is any.")
(defvar-local infill-ls-chat--question nil "What was asked last: the command's argument.")
(defvar-local infill-ls-chat--answer nil "Where the newest answer begins.")
(defvar-local infill-ls-chat--asked nil "The number of the request that is being answered.")

(defconst infill-ls-chat--cancelled -32800
  "What LSP calls a request that was cancelled.")

(defvar-keymap infill-ls-chat-mode-map
  :parent special-mode-map
  "RET" #'infill-ls-chat
  "a" #'infill-ls-chat
  "k" #'infill-ls-chat-stop
  "C-c C-k" #'infill-ls-chat-stop
  "g" #'infill-ls-chat-retry
  "c" #'infill-ls-chat-clear)

(define-derived-mode infill-ls-chat-mode special-mode "infill-ls-chat"
  "A conversation with the model."
  (setq-local font-lock-defaults
              '((("^>.*" . 'infill-ls-chat-question)
                 ("^#+ .*" . 'bold)
                 ("^```.*" . 'shadow)
                 ("`[^`\n]+`" . 'font-lock-constant-face))
                t))
  (setq-local mode-line-process '(:eval (if infill-ls-chat--asked " answering")))
  (visual-line-mode))

;;;###autoload
(defun infill-ls-chat (question &optional code)
  "Ask the model a QUESTION, with CODE, and show the answer as it comes.
The code is the region or, without one, the function at point; with a
prefix argument, none.  It is a pair: in words, and as the server has it."
  (interactive
   (let ((code (unless current-prefix-arg (infill-ls-chat--code))))
     (list (read-string (if code (format "Ask about %s: " (car code)) "Ask: ")) code)))
  (let ((server (or (and (infill-ls--served-p) infill-ls--server)
                    infill-ls-chat--server
                    (user-error "No infill-ls has this buffer"))))
    (pop-to-buffer (infill-ls-chat--buffer server))
    (infill-ls-chat--ask question code)))

(defun infill-ls-chat--code ()
  "Return the code at point that a question may be about, or nil."
  (when-let* (((infill-ls--served-p))
              (bounds (if (use-region-p)
                          (cons (region-beginning) (region-end))
                        (bounds-of-thing-at-point 'defun))))
    (infill-ls--send-changes)
    (pcase-let* ((`(,beg . ,end) bounds)
                 (start (infill-ls--position beg))
                 (first (1+ (plist-get start :line)))
                 (last (line-number-at-pos (max beg (1- end)) t)))
      (cons (format (if (= first last) "line %2$d of %3$s" "lines %d-%d of %s")
                    first last (buffer-name))
            `(:uri ,infill-ls--uri :range (:start ,start :end ,(infill-ls--position end)))))))

(defun infill-ls-chat--name (server)
  "Return the name of the buffer for the conversation with SERVER."
  (format "*infill-ls chat: %s*" (abbreviate-file-name (infill-ls--root server))))

(defun infill-ls-chat--buffer (server)
  "Return the buffer for the conversation with SERVER."
  (with-current-buffer (get-buffer-create (infill-ls-chat--name server))
    (unless (derived-mode-p 'infill-ls-chat-mode)
      (infill-ls-chat-mode))
    (unless (eq server infill-ls-chat--server)
      ;; A server that is started anew knows nothing of what was said.
      (setq infill-ls-chat--server server
            infill-ls-chat--conversation nil
            infill-ls-chat--asked nil))
    (current-buffer)))

(defun infill-ls-chat--ask (question code)
  "Ask QUESTION with CODE in the conversation of the current buffer."
  (infill-ls-chat--must-be-idle)
  (infill-ls-chat--insert (replace-regexp-in-string "^" "> " question)
                          (and code (format "\n> (%s)" (car code))) "\n\n")
  (setq infill-ls-chat--question
        `(:text ,question ,@(and code `(:context ,(cdr code)))))
  (infill-ls-chat--send "send" infill-ls-chat--question))

(defun infill-ls-chat--must-be-idle ()
  "Signal an error while an answer is being written."
  (when infill-ls-chat--asked
    (user-error "%s" (substitute-command-keys
                      "An answer is being written; \\[infill-ls-chat-stop] stops it"))))

(defun infill-ls-chat--send (command argument)
  "Send COMMAND with ARGUMENT, and show the answer behind all else."
  (setq infill-ls-chat--answer (copy-marker (point-max)))
  (let* ((buffer (current-buffer))
         id
         (finish (lambda (ending)
                   (when (buffer-live-p buffer)
                     (with-current-buffer buffer
                       (when (eq id infill-ls-chat--asked)
                         (funcall ending)
                         (infill-ls-chat--insert "\n\n")
                         (setq infill-ls-chat--asked nil)
                         (force-mode-line-update)))))))
    (setq id (infill-ls-chat--request
              command argument
              (lambda (reply) (funcall finish (lambda () (infill-ls-chat--end reply))))
              (lambda (problem) (funcall finish (lambda () (infill-ls-chat--fail problem)))))
          infill-ls-chat--asked id)
    (force-mode-line-update)))

(defun infill-ls-chat--request (command argument &optional success-fn error-fn)
  "Send COMMAND with ARGUMENT in the conversation; return the request's number.
SUCCESS-FN is called with the reply, or ERROR-FN with what went wrong."
  (let ((conversation (and infill-ls-chat--conversation
                           `(:conversation ,infill-ls-chat--conversation))))
    (jsonrpc-async-request
     infill-ls-chat--server :workspace/executeCommand
     `(:command ,(concat "infill-ls.chat." command) :arguments [(,@argument ,@conversation)])
     :timeout nil
     :success-fn (or success-fn #'ignore)
     :error-fn (or error-fn #'ignore))
    (infill-ls--last-id infill-ls-chat--server)))

(cl-defmethod eglot-handle-notification
  ((server infill-ls-server) (_method (eql 'infill-ls/chatDelta))
   &key conversation text &allow-other-keys)
  "Show TEXT, the next piece of an answer of SERVER in CONVERSATION."
  (when-let* ((buffer (get-buffer (infill-ls-chat--name server))))
    (with-current-buffer buffer
      (when infill-ls-chat--asked
        (unless infill-ls-chat--conversation
          (setq infill-ls-chat--conversation conversation))
        (when (equal conversation infill-ls-chat--conversation)
          (infill-ls-chat--insert text))))))

(defun infill-ls-chat--end (reply)
  "Show what REPLY has to say beside the answer, which stands there already."
  (pcase-let (((map :conversation :finish :cut) reply))
    (setq infill-ls-chat--conversation conversation)
    (pcase finish
      ("stopped" (infill-ls-chat--note "stopped"))
      ("length" (infill-ls-chat--note "longer than `chat.maxTokens' allows")))
    (when (eq cut t)
      (infill-ls-chat--note "not all that was said before, or not all the code, had room"))))

(defun infill-ls-chat--fail (problem)
  "Show PROBLEM, the error that came for an answer."
  (pcase-let (((map :code :message) problem))
    (if (eql code infill-ls-chat--cancelled)
        (infill-ls-chat--note "stopped")
      (infill-ls-chat--insert (propertize message 'font-lock-face 'error)))))

(defun infill-ls-chat--note (words)
  "Show WORDS that are not of the model."
  (infill-ls-chat--insert (propertize (format " [%s]" words) 'font-lock-face 'shadow)))

(defun infill-ls-chat--insert (&rest texts)
  "Put TEXTS at the end of the current buffer.
Windows that show the end go on showing it."
  (let* ((inhibit-read-only t)
         (end (point-max))
         (is-at-end (= (point) end))
         (following (seq-filter (lambda (window) (= (window-point window) end))
                                (get-buffer-window-list nil nil t))))
    (save-excursion
      (goto-char end)
      (apply #'insert (delq nil texts)))
    (when is-at-end
      (goto-char (point-max)))
    (dolist (window following)
      (set-window-point window (point-max)))))

(defun infill-ls-chat-stop ()
  "End the answer that is being written; what was written stays."
  (interactive nil infill-ls-chat-mode)
  (cond ((null infill-ls-chat--asked) (user-error "Nothing is being answered"))
        (infill-ls-chat--conversation (infill-ls-chat--request "stop" nil))
        ;; The first answer has not begun, so nobody knows its conversation's name.
        (t (jsonrpc-notify infill-ls-chat--server :$/cancelRequest
                           `(:id ,infill-ls-chat--asked)))))

(defun infill-ls-chat-retry ()
  "Ask the last question again, and forget its answer."
  (interactive nil infill-ls-chat-mode)
  (infill-ls-chat--must-be-idle)
  (unless infill-ls-chat--question
    (user-error "Nothing was asked yet"))
  (let ((inhibit-read-only t))
    (delete-region infill-ls-chat--answer (point-max)))
  (if infill-ls-chat--conversation
      (infill-ls-chat--send "retry" nil)
    (infill-ls-chat--send "send" infill-ls-chat--question)))

(defun infill-ls-chat-clear ()
  "Forget the conversation."
  (interactive nil infill-ls-chat-mode)
  (cond (infill-ls-chat--conversation (infill-ls-chat--request "clear" nil))
        (infill-ls-chat--asked (infill-ls-chat-stop)))
  (let ((inhibit-read-only t))
    (erase-buffer))
  (setq infill-ls-chat--conversation nil
        infill-ls-chat--question nil
        infill-ls-chat--asked nil))

(provide 'infill-ls-chat)
;;; infill-ls-chat.el ends here
