;;; infill-ls-chat.el --- Chat with the model about code  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `infill-ls-chat' asks about the region or the function at point.  Each
;; conversation has a buffer of its own; the server keeps it, chooses what of it
;; the model sees, and sends the answer piece by piece.

;;; Code:

(require 'infill-ls-diagnostics)
(require 'infill-ls-server)
(require 'thingatpt)

(defface infill-ls-chat-question '((t :inherit bold))
  "A question of the user."
  :group 'infill-ls)

(defvar-local infill-ls-chat--server nil "The server that has the conversation.")
(defvar-local infill-ls-chat--conversation nil "Its name there; nil before there is any.")
(defvar-local infill-ls-chat--question nil "What was asked last, and the code with it: a pair.")
(defvar-local infill-ls-chat--refused nil "Whether the server has not kept that question.")
(defvar-local infill-ls-chat--answer nil "Where the newest answer begins.")
(defvar-local infill-ls-chat--asked nil "The token of the question that is being answered.")
(defvar-local infill-ls-chat--written "" "The newest answer, as far as it has come.")
(defvar-local infill-ls-chat--said nil
  "What was asked and answered before, the newest first, for a server that is new.")
(defvar-local infill-ls-chat--attached nil "The code that goes with the next question.")

(defvar-keymap infill-ls-chat-mode-map
  :parent special-mode-map
  "RET" #'infill-ls-chat
  "a" #'infill-ls-chat
  "k" #'infill-ls-chat-stop
  "C-c C-k" #'infill-ls-chat-stop
  "g" #'infill-ls-chat-retry
  "c" #'infill-ls-chat-clear
  "n" #'infill-ls-chat-new
  "h" #'infill-ls-chat-history
  "e" #'infill-ls-chat-export)

(define-derived-mode infill-ls-chat-mode special-mode "infill-ls-chat"
  "A conversation with the model."
  (setq-local font-lock-defaults
              '((("^>.*" . 'infill-ls-chat-question)
                 ("^#+ .*" . 'bold)
                 ("^```.*" . 'shadow)
                 ("`[^`\n]+`" . 'font-lock-constant-face))
                t))
  (setq-local mode-line-process '(:eval (infill-ls-chat--progress)))
  (visual-line-mode))

(defun infill-ls-chat--progress ()
  "Return words for the mode line on how far the answer is."
  (when infill-ls-chat--asked
    (concat " " (or (infill-ls--work-words infill-ls-chat--server infill-ls-chat--asked)
                    "asked"))))

;;; The code that goes with a question.

(cl-defstruct (infill-ls-chat--code (:constructor infill-ls-chat--code))
  "Code between two markers, in a buffer that a server knows."
  beg end)

(defun infill-ls-chat--between (beg end)
  "Return the code of the current buffer from BEG to END."
  (with-current-buffer (infill-ls--shown-buffer)
    (infill-ls-chat--code :beg (copy-marker beg t) :end (copy-marker end))))

(defun infill-ls-chat--at-point ()
  "Return a list of the code at point that a question may be about, or nil."
  (when-let* (((ignore-errors (infill-ls--any-server)))
              (bounds (if (use-region-p)
                          (cons (region-beginning) (region-end))
                        (bounds-of-thing-at-point 'defun))))
    (list (infill-ls-chat--between (car bounds) (cdr bounds)))))

(defun infill-ls-chat--in-words (codes)
  "Return in words what CODES are, for the user."
  (mapconcat
   (pcase-lambda ((cl-struct infill-ls-chat--code beg end))
     (with-current-buffer (marker-buffer beg)
       (let ((first (line-number-at-pos beg t))
             (last (line-number-at-pos (max beg (1- end)) t)))
         (format (if (= first last) "line %2$d of %3$s" "lines %d-%d of %s")
                 first last (buffer-name)))))
   (infill-ls-chat--live codes) ", "))

(defun infill-ls-chat--live (codes)
  "Return those of CODES whose buffers have not been killed."
  (seq-filter (lambda (code) (marker-buffer (infill-ls-chat--code-beg code))) codes))

(defun infill-ls-chat--context (code)
  "Return CODE as the server is told of it, which knows it as it is now."
  (pcase-let (((cl-struct infill-ls-chat--code beg end) code))
    (with-current-buffer (marker-buffer beg)
      (infill-ls--any-server)
      `( :uri ,(infill-ls--any-uri) :range ,(infill-ls--range beg end)
         :diagnostics ,(infill-ls--diagnostics beg end)))))

(defun infill-ls-chat-attach ()
  "Have the region, or the function at point, go with the next question."
  (interactive)
  (let ((code (or (infill-ls-chat--at-point)
                  (user-error "There is no code at point")))
        (server (infill-ls--any-server)))
    (with-current-buffer (infill-ls-chat--buffer server)
      (infill-ls-chat--attach (append infill-ls-chat--attached code))
      (message "infill-ls: with the next question goes %s"
               (infill-ls-chat--in-words infill-ls-chat--attached)))))

(defun infill-ls-chat--attach (codes)
  "Have CODES, and nothing else, go with the next question of the current buffer."
  (setq infill-ls-chat--attached codes
        header-line-format
        (when codes
          '(:eval (concat "With the next question: "
                          (infill-ls-chat--in-words infill-ls-chat--attached))))))

;;; Asking.

(defvar-keymap infill-ls-chat-question-map
  :doc "Keys while a question is typed."
  :parent minibuffer-local-map
  "C-c C-d" #'infill-ls-chat-detach)

(defun infill-ls-chat-detach ()
  "Take away the last piece of the code that would go with the question."
  (interactive)
  (throw 'infill-ls-chat-detach (minibuffer-contents-no-properties)))

(defun infill-ls-chat--read (codes &optional begun)
  "Read a question about CODES, of which BEGUN is typed already.
Return the question and those of CODES that the user has left."
  (let* ((prompt (if codes (format "Ask about %s: " (infill-ls-chat--in-words codes)) "Ask: "))
         (answer (catch 'infill-ls-chat-detach
                   (list (read-from-minibuffer prompt begun infill-ls-chat-question-map)))))
    (if (consp answer)
        (list (car answer) codes)
      (infill-ls-chat--read (butlast codes) answer))))

;;;###autoload
(defun infill-ls-chat (question &optional codes)
  "Ask the model a QUESTION, with CODES, and show the answer as it comes.
The code is what was attached, and the region or, without one, the
function at point; with a prefix argument, none.
\\<infill-ls-chat-question-map>\\[infill-ls-chat-detach] takes away the last \
piece of it while the question is typed."
  (interactive
   (let ((attached (buffer-local-value 'infill-ls-chat--attached (infill-ls-chat--current))))
     (infill-ls-chat--read
      (unless current-prefix-arg
        (infill-ls-chat--live (append attached (infill-ls-chat--at-point)))))))
  (when (string-blank-p question)
    (user-error "Nothing was asked"))
  (pop-to-buffer (infill-ls-chat--current))
  (infill-ls-chat--ask question codes))

(defun infill-ls-chat-about (server about &optional question)
  "Ask SERVER a QUESTION about code that it has named: ABOUT, a plist.
Without one, have the user ask."
  (pcase-let* (((map :uri :range) about)
               (codes (with-current-buffer (infill-ls--buffer server uri)
                        (pcase-let ((`(,beg . ,end) (infill-ls--bounds range)))
                          (list (infill-ls-chat--between beg end)))))
               (`(,question ,codes) (if question
                                        (list question codes)
                                      (infill-ls-chat--read codes))))
    (pop-to-buffer (infill-ls-chat--buffer server))
    (infill-ls-chat--ask question codes)))

(defun infill-ls-chat--ask (question codes)
  "Ask QUESTION with CODES in the conversation of the current buffer."
  (infill-ls-chat--must-be-ready)
  (let ((codes (infill-ls-chat--live codes)))
    (infill-ls-chat--insert (replace-regexp-in-string "^" "> " question)
                            (and codes (format "\n> (%s)" (infill-ls-chat--in-words codes)))
                            "\n\n")
    (unless (string-empty-p infill-ls-chat--written)
      (push `(:text ,(car infill-ls-chat--question) :answer ,infill-ls-chat--written)
            infill-ls-chat--said))
    (unless infill-ls-chat--question
      (rename-buffer (infill-ls-chat--name question) t))
    (setq infill-ls-chat--question (cons question codes))
    (infill-ls-chat--attach nil)
    (infill-ls-chat--send-question)))

(defun infill-ls-chat--send-question ()
  "Send the last question."
  (pcase-let ((`(,question . ,codes) infill-ls-chat--question))
    (infill-ls-chat--send
     "send" `( :text ,question
               :history ,(vconcat (unless infill-ls-chat--conversation
                                    (reverse infill-ls-chat--said)))
               :context ,(vconcat (mapcar #'infill-ls-chat--context
                                          (infill-ls-chat--live codes)))))))

(defun infill-ls-chat--must-be-ready ()
  "Signal an error while an answer is being written, or if no server is there."
  (when infill-ls-chat--asked
    (user-error "%s" (substitute-command-keys
                      "An answer is being written; \\[infill-ls-chat-stop] stops it")))
  (unless (jsonrpc-running-p infill-ls-chat--server)
    ;; A server that is started anew is told what was said.
    (setq infill-ls-chat--server (or (infill-ls--companion-here)
                                     (user-error "No infill-ls runs for %s" default-directory))
          infill-ls-chat--conversation nil))
  (when (infill-ls-chat--nameless infill-ls-chat--server)
    ;; Whose answer a piece is of is told by the conversation's name alone.
    (user-error "Another conversation has just begun; ask once it is being answered")))

(defun infill-ls-chat--send (command argument)
  "Send COMMAND with ARGUMENT, and show the answer behind all else."
  (let* ((buffer (current-buffer))
         (token (format "infill-ls-chat-%s" (cl-gensym "")))
         (finish (lambda (show reply)
                   (when (buffer-live-p buffer)
                     (with-current-buffer buffer
                       (when (equal token infill-ls-chat--asked)
                         (funcall show reply)
                         (infill-ls-chat--insert "\n\n")
                         (setq infill-ls-chat--asked nil)
                         (force-mode-line-update)))))))
    (setq infill-ls-chat--answer (copy-marker (point-max))
          infill-ls-chat--written ""
          infill-ls-chat--asked token)
    (infill-ls-chat--request command `(:workDoneToken ,token ,@argument)
                             (apply-partially finish #'infill-ls-chat--end)
                             (apply-partially finish #'infill-ls-chat--fail))
    (force-mode-line-update)))

(defun infill-ls-chat--request (command argument &optional success-fn error-fn)
  "Send COMMAND with ARGUMENT in the conversation.
SUCCESS-FN is called with the reply, or ERROR-FN with what went wrong."
  (let ((conversation (and infill-ls-chat--conversation
                           `(:conversation ,infill-ls-chat--conversation))))
    (jsonrpc-async-request
     infill-ls-chat--server :workspace/executeCommand
     `(:command ,(concat "infill-ls.chat." command) :arguments [(,@argument ,@conversation)])
     :timeout nil
     :success-fn (or success-fn #'ignore)
     :error-fn (or error-fn #'ignore))))

;;; Showing the answer.

(cl-defmethod eglot-handle-notification
  ((server infill-ls-server) (_method (eql 'infill-ls/chatDelta))
   &key conversation text &allow-other-keys)
  "Show TEXT, the next piece of an answer of SERVER in CONVERSATION."
  (when-let* ((buffer (or (infill-ls-chat--of server conversation)
                          (infill-ls-chat--nameless server))))
    (with-current-buffer buffer
      (when infill-ls-chat--asked
        (setq infill-ls-chat--conversation conversation
              infill-ls-chat--written (concat infill-ls-chat--written text))
        (infill-ls-chat--insert text)))))

(defun infill-ls-chat--end (reply)
  "Show what REPLY has to say beside the answer, which stands there already."
  (pcase-let (((map :conversation :finish :cut) reply))
    (setq infill-ls-chat--conversation conversation
          infill-ls-chat--refused nil)
    (pcase finish
      ("stopped" (infill-ls-chat--note "stopped"))
      ("length" (infill-ls-chat--note "longer than `chat.maxTokens' allows")))
    (when (eq cut t)
      (infill-ls-chat--note "not all that was said before, or not all the code, had room"))))

(defun infill-ls-chat--fail (problem)
  "Show PROBLEM, the error that came for an answer."
  (pcase-let (((map :message (:data (map :conversation))) problem))
    ;; Where it names none, the question was refused before it belonged to any.
    (setq infill-ls-chat--refused (null conversation))
    (when conversation
      (setq infill-ls-chat--conversation conversation))
    (infill-ls-chat--insert (propertize message 'font-lock-face 'error))))

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

;;; What else can be done with a conversation.

(defun infill-ls-chat-stop ()
  "End the answer that is being written; what was written stays."
  (interactive nil infill-ls-chat-mode)
  (unless infill-ls-chat--asked
    (user-error "Nothing is being answered"))
  (jsonrpc-notify infill-ls-chat--server :window/workDoneProgress/cancel
                  `(:token ,infill-ls-chat--asked)))

(defun infill-ls-chat-retry ()
  "Ask the last question again, and forget its answer."
  (interactive nil infill-ls-chat-mode)
  (unless infill-ls-chat--question
    (user-error "Nothing was asked yet"))
  (infill-ls-chat--must-be-ready)
  (let ((inhibit-read-only t))
    (delete-region infill-ls-chat--answer (point-max)))
  (if (and infill-ls-chat--conversation (not infill-ls-chat--refused))
      (infill-ls-chat--send "retry" nil)
    (infill-ls-chat--send-question)))

(defun infill-ls-chat-clear ()
  "Forget the conversation."
  (interactive nil infill-ls-chat-mode)
  (cond (infill-ls-chat--conversation (infill-ls-chat--request "clear" nil))
        (infill-ls-chat--asked (infill-ls-chat-stop)))
  (let ((inhibit-read-only t))
    (erase-buffer))
  (setq infill-ls-chat--conversation nil
        infill-ls-chat--question nil
        infill-ls-chat--said nil
        infill-ls-chat--written ""
        infill-ls-chat--asked nil)
  (infill-ls-chat--attach nil))

(defun infill-ls-chat-export ()
  "Open the conversation as Markdown."
  (interactive nil infill-ls-chat-mode)
  (unless infill-ls-chat--conversation
    (user-error "Nothing was said yet"))
  (infill-ls-chat--request
   "export" nil
   (apply-partially #'infill-ls-chat--open-export (buffer-name))
   (lambda (problem) (message "infill-ls: %s" (plist-get problem :message)))))

(defun infill-ls-chat--open-export (name reply)
  "Open what REPLY has of the conversation in the buffer NAME."
  (let ((directory default-directory))
    (pop-to-buffer (generate-new-buffer (concat (string-trim name "\\*" "\\*") ".md")))
    (setq default-directory directory)
    (insert (plist-get reply :markdown))
    (goto-char (point-min))
    (if (fboundp 'markdown-mode)
        (markdown-mode)
      (text-mode))))

;;; The buffers, one for each conversation.

(defun infill-ls-chat--name (question)
  "Return a name for the buffer of a conversation that begins with QUESTION."
  (format "*infill-ls chat: %s*" (truncate-string-to-width (string-clean-whitespace question)
                                                           40 nil nil t)))

(defun infill-ls-chat--current ()
  "Return the buffer of the newest conversation about the current buffer's project."
  (if (derived-mode-p 'infill-ls-chat-mode)
      (current-buffer)
    (infill-ls-chat--buffer (infill-ls--any-server))))

(defun infill-ls-chat--buffer (server)
  "Return the buffer that was used last for the current buffer's project.
If there is none yet, it is for a conversation with SERVER."
  (let ((root (infill-ls--root)))
    (or (seq-find (lambda (buffer) (equal root (buffer-local-value 'default-directory buffer)))
                  (infill-ls-chat--buffers))
        (infill-ls-chat--new-buffer server))))

(defun infill-ls-chat--buffers ()
  "Return the buffers of all conversations, the one used last first."
  (seq-filter (lambda (buffer)
                (with-current-buffer buffer (derived-mode-p 'infill-ls-chat-mode)))
              (buffer-list)))

(defun infill-ls-chat--new-buffer (server)
  "Return a buffer for a new conversation with SERVER.
It belongs to the current buffer's project."
  (let ((root (infill-ls--root)))
    (with-current-buffer (generate-new-buffer "*infill-ls chat*")
      (setq default-directory root)
      (infill-ls-chat-mode)
      (setq infill-ls-chat--server server)
      (current-buffer))))

(defun infill-ls-chat--of (server conversation)
  "Return the buffer of CONVERSATION with SERVER, or nil."
  (seq-find (lambda (buffer)
              (and (eq server (buffer-local-value 'infill-ls-chat--server buffer))
                   (equal conversation
                          (buffer-local-value 'infill-ls-chat--conversation buffer))))
            (infill-ls-chat--buffers)))

(defun infill-ls-chat--nameless (server)
  "Return the buffer whose conversation with SERVER has no name yet, or nil."
  (seq-find (lambda (buffer) (buffer-local-value 'infill-ls-chat--asked buffer))
            (seq-filter (lambda (buffer)
                          (and (eq server (buffer-local-value 'infill-ls-chat--server buffer))
                               (null (buffer-local-value 'infill-ls-chat--conversation buffer))))
                        (infill-ls-chat--buffers))))

(defun infill-ls-chat-new ()
  "Begin a new conversation; this one stays."
  (interactive nil infill-ls-chat-mode)
  (pop-to-buffer (infill-ls-chat--new-buffer infill-ls-chat--server)))

(defun infill-ls-chat-history (buffer)
  "Show the conversation in BUFFER; each is called by its first question."
  (interactive
   (list (let ((names (mapcar #'buffer-name (infill-ls-chat--buffers)))
               (completion-extra-properties '(:display-sort-function identity)))
           (unless names
             (user-error "Nothing was asked yet"))
           (completing-read (format-prompt "Conversation" (car names)) names nil t nil nil
                            (car names)))))
  (pop-to-buffer buffer))

(provide 'infill-ls-chat)
;;; infill-ls-chat.el ends here
