;;; infill-ls.el --- Code from a model while you type  -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "30.1"))
;; Keywords: convenience, languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; What a model would write next is shown behind point, dimmed, while you type:
;;
;;     (global-infill-ls-mode)
;;
;; When to ask, what to ask and what to keep is the work of the language server.

;;; Code:

(require 'cl-lib)
(require 'infill-ls-actions)
(require 'infill-ls-server)
(require 'track-changes)

(autoload 'infill-ls-chat "infill-ls-chat" nil t)
(autoload 'infill-ls-chat-attach "infill-ls-chat" nil t)
(autoload 'infill-ls-chat-history "infill-ls-chat" nil t)
(autoload 'infill-ls-switch-model "infill-ls-model" nil t)

(defcustom infill-ls-rest-seconds 0.5
  "How long point has to rest before the server is told where it does."
  :group 'infill-ls
  :type 'number)

(defface infill-ls-suggestion '((t :inherit shadow))
  "What is suggested, and not yet in the buffer."
  :group 'infill-ls)

;;; Suggestions.

(cl-defstruct (infill-ls--suggestion (:constructor infill-ls--suggestion))
  "A text, and the markers between which it is to stand."
  text beg end)

(defvar-local infill-ls--suggestions nil "What is suggested; the first is shown.")
(defvar-local infill-ls--overlay nil "Shows it.")
(defvar-local infill-ls--asked nil "Token and number of the newest question, or nil.")
(defvar-local infill-ls--before nil "Where point was, and the buffer's tick, before a command.")
(defvar-local infill-ls--unasked nil "The same after a change that no server was asked about.")

(defvar-keymap infill-ls-suggestion-map
  :doc "Keys while something is suggested."
  "TAB" #'infill-ls-accept
  "M-f" #'infill-ls-accept-word
  "C-e" #'infill-ls-accept-line
  "M-n" #'infill-ls-next
  "M-p" #'infill-ls-previous
  "C-g" #'infill-ls-dismiss)

(define-minor-mode infill-ls-suggestion-mode
  "Has the keys of `infill-ls-suggestion-map' while something is suggested."
  :interactive nil
  :keymap infill-ls-suggestion-map)

(defun infill-ls--read (item)
  "Return the suggestion of an LSP ITEM."
  (pcase-let (((map :insertText (:range (map :start :end))) item))
    (infill-ls--suggestion
     :text insertText
     :beg (copy-marker (if start (infill-ls--place start) (point)))
     ;; What is typed at the end belongs to what is replaced.
     :end (copy-marker (if end (infill-ls--place end) (point)) t))))

(defun infill-ls--rest (suggestion)
  "Return what SUGGESTION has beyond what was typed; nil if something else was."
  (pcase-let (((cl-struct infill-ls--suggestion text beg end) suggestion))
    (when (<= (point-min) beg (point) end (point-max))
      (let ((typed (buffer-substring-no-properties beg (point))))
        (and (string-prefix-p typed text)
             (not (string= text (buffer-substring-no-properties beg end)))
             (substring text (length typed)))))))

(defun infill-ls--draw ()
  "Show the first of the suggestions that the user still follows, if any."
  (setq infill-ls--suggestions (seq-filter #'infill-ls--rest infill-ls--suggestions))
  (when infill-ls--overlay
    (delete-overlay infill-ls--overlay)
    (setq infill-ls--overlay nil))
  (when-let* ((suggestion (car infill-ls--suggestions)))
    (setq infill-ls--overlay (infill-ls--overlay-of suggestion)))
  (unless (eq infill-ls-suggestion-mode (and infill-ls--overlay t))
    (infill-ls-suggestion-mode (if infill-ls--overlay 1 -1))))

(defun infill-ls--overlay-of (suggestion)
  "Return an overlay for what is left of SUGGESTION.
It hides what would be replaced, unless the suggestion ends with that."
  (let* ((rest (infill-ls--rest suggestion))
         (end (infill-ls--suggestion-end suggestion))
         (replaced (buffer-substring-no-properties (point) end))
         (is-kept (string-suffix-p replaced rest))
         (visible (if is-kept (string-remove-suffix replaced rest) rest))
         ;; Point is drawn at a character, and a line break is none.
         (shown (propertize (if (string-prefix-p "\n" visible) (concat " " visible) visible)
                            'face 'infill-ls-suggestion))
         (overlay (make-overlay (point) (if is-kept (point) end) nil t t)))
    ;; Else point would be drawn behind all of it.
    (put-text-property 0 1 'cursor t shown)
    (overlay-put overlay 'window (get-buffer-window))
    (overlay-put overlay 'display (unless is-kept ""))
    (overlay-put overlay 'before-string shown)
    overlay))

(defun infill-ls--ask (kind &optional then)
  "Ask for a suggestion at point; KIND is LSP's 1 for invoked, 2 for automatic.
THEN is called once the whole answer is shown."
  (infill-ls--send-changes)
  (let* ((server infill-ls--server)
         (token (format "infill-ls-%s" (cl-gensym "")))
         (show (infill-ls--shower token)))
    (puthash token show (infill-ls--partials server))
    (jsonrpc-async-request
     server :textDocument/inlineCompletion
     `(,@(infill-ls--here) :context (:triggerKind ,kind) :partialResultToken ,token)
     ;; How long to wait is the server's affair.
     :timeout nil
     :success-fn (lambda (answer)
                   (remhash token (infill-ls--partials server))
                   ;; None at all if there is nothing new to say.
                   (when answer
                     (funcall show (plist-get answer :items) then)))
     :error-fn (lambda (_error) (remhash token (infill-ls--partials server))))
    (setq infill-ls--asked (cons token (infill-ls--last-id server)))))

(defun infill-ls--shower (token)
  "Return a function that is to show the answers to the question of TOKEN.
It does nothing if point has moved or the buffer has changed since."
  (let ((buffer (current-buffer))
        (now (infill-ls--now)))
    (lambda (items &optional then)
      (when (buffer-live-p buffer)
        (with-current-buffer buffer
          (when (and (equal token (car infill-ls--asked)) (equal now (infill-ls--now)))
            (setq infill-ls--suggestions (mapcar #'infill-ls--read items))
            (infill-ls--draw)
            (when then
              (funcall then))))))))

(defun infill-ls--now ()
  "Return what differs once point has moved or the buffer has changed."
  (cons (point) (buffer-chars-modified-tick)))

(defun infill-ls--forget ()
  "Show nothing, and want no answer any more."
  (when (and infill-ls--asked (infill-ls--served-p))
    (jsonrpc-notify infill-ls--server :$/cancelRequest `(:id ,(cdr infill-ls--asked))))
  (setq infill-ls--asked nil
        infill-ls--suggestions nil)
  (infill-ls--draw))

(defun infill-ls--before-command ()
  "Remember how things are."
  (when (and infill-ls--tracker (infill-ls--served-p) (track-changes-inconsistent-state-p))
    ;; An indirect buffer has changed the text; the next change would be an error.
    (infill-ls--send-changes))
  (setq infill-ls--before (infill-ls--now)))

(defun infill-ls--after-command ()
  "Ask for a suggestion if the buffer was changed, drop the one of elsewhere."
  (pcase-let ((`(,place . ,tick) infill-ls--before))
    (cond ((not (eql tick (buffer-chars-modified-tick)))
           (infill-ls--draw)
           (unless executing-kbd-macro
             (if (infill-ls--served-p)
                 (infill-ls--ask 2)
               (setq infill-ls--unasked (infill-ls--now)))))
          ((not (eql place (point)))
           (infill-ls--forget)))))

(defun infill-ls--ask-late (_server)
  "Ask about what the user typed last, if no server was there yet."
  (with-current-buffer (window-buffer)
    (when (and (infill-ls--served-p) (equal infill-ls--unasked (infill-ls--now)))
      (setq infill-ls--unasked nil)
      (infill-ls--ask 2))))

;; After `infill-ls--connected', which shows the buffer to the server.
(add-hook 'eglot-connect-hook #'infill-ls--ask-late 95)

(defun infill-ls--current ()
  "Return the suggestion that is shown; an error if there is none."
  (infill-ls--draw)
  (or (car infill-ls--suggestions)
      (user-error "Nothing is suggested")))

(defun infill-ls-accept ()
  "Put what is suggested into the buffer."
  (interactive)
  (let* ((suggestion (infill-ls--current))
         (rest (infill-ls--rest suggestion)))
    (setq infill-ls--suggestions nil)
    (infill-ls--draw)
    (delete-region (point) (infill-ls--suggestion-end suggestion))
    (insert rest)))

(defun infill-ls--accept-part (regexp)
  "Put so much of the suggestion into the buffer as REGEXP matches."
  (let ((rest (infill-ls--rest (infill-ls--current))))
    (string-match regexp rest)
    (if (= (match-end 0) (length rest))
        (infill-ls-accept)
      (insert (match-string 0 rest))
      (infill-ls--draw))))

(defun infill-ls-accept-word ()
  "Put what is suggested up to the end of a word into the buffer."
  (interactive)
  (infill-ls--accept-part (rx bos (or (: (* (not wordchar)) (+ wordchar)) (+ anychar)))))

(defun infill-ls-accept-line ()
  "Put what is suggested up to the end of a line into the buffer."
  (interactive)
  (infill-ls--accept-part (rx bos (* "\n") (* nonl))))

(defun infill-ls--turn (turned)
  "Show another suggestion: the first once all went through TURNED."
  (infill-ls--current)
  (let ((turn (lambda ()
                (setq infill-ls--suggestions (funcall turned infill-ls--suggestions))
                (infill-ls--draw))))
    (if (cdr infill-ls--suggestions)
        (funcall turn)
      ;; Others are sought for those who ask.
      (infill-ls--ask 1 turn))))

(defun infill-ls-next ()
  "Show another suggestion."
  (interactive)
  (infill-ls--turn (lambda (all) (append (cdr all) (list (car all))))))

(defun infill-ls-previous ()
  "Show the suggestion before this one."
  (interactive)
  (infill-ls--turn (lambda (all) (append (last all) (butlast all)))))

(defun infill-ls-dismiss ()
  "Suggest nothing here."
  (interactive)
  (infill-ls--forget))

(defun infill-ls-complete ()
  "Have something suggested here and now."
  (interactive)
  (infill-ls--any-server)
  (unless (infill-ls--served-p)
    (user-error "`infill-ls-mode' is off in this buffer"))
  (infill-ls--ask 1 (lambda ()
                      (unless infill-ls--suggestions
                        (message "infill-ls: there is nothing to suggest")))))

;;; Where point rests, a model on this machine reads ahead.

(defvar infill-ls--rest-timer nil "Tells where point rests.")

(defun infill-ls--tell-rest ()
  "Tell the server where point is, unless it was asked about that place."
  (when (and (infill-ls--served-p) (not infill-ls--asked))
    (infill-ls--send-changes)
    (jsonrpc-notify infill-ls--server :infill-ls/cursorRests (infill-ls--here))))

;;; The minor mode.

(defvar-keymap infill-ls-mode-map
  :doc "Keys of `infill-ls-mode'."
  "C-c ," #'infill-ls-code-actions)

(defconst infill-ls--hooks
  '((pre-command-hook . infill-ls--before-command)
    (post-command-hook . infill-ls--after-command)
    (first-change-hook . infill-ls--begin)
    (after-set-visited-file-name-hook . infill-ls--renamed)
    (change-major-mode-hook . infill-ls--close)
    (clone-buffer-hook . infill-ls--cloned)
    (clone-indirect-buffer-hook . infill-ls--cloned)
    (kill-buffer-hook . infill-ls--close))
  "What keeps the server and the buffer together.")

(defun infill-ls--begin ()
  "Show the current buffer to the server once something is written there.
A file was shown when it was opened."
  (unless (or buffer-file-name infill-ls--server)
    (infill-ls--attach t)))

(defun infill-ls--renamed ()
  "Show the current buffer to the server under its new name."
  (infill-ls--attach t))

(defun infill-ls--cloned ()
  "Take from the current buffer, a clone, what it has of the other one's state.
The server knows the text of an indirect buffer by its base buffer."
  (when infill-ls--tracker
    ;; This list is the other buffer's, too.
    (setq track-changes--trackers (copy-sequence track-changes--trackers))
    (track-changes-unregister infill-ls--tracker))
  (setq infill-ls--server nil
        infill-ls--uri nil
        infill-ls--tracker nil
        infill-ls--acting nil
        infill-ls--asked nil
        infill-ls--suggestions nil
        infill-ls--overlay nil)
  (infill-ls-suggestion-mode -1)
  (infill-ls-acting-mode -1)
  (cond ((buffer-base-buffer)
         (infill-ls-mode -1)
         (add-hook 'after-change-functions #'infill-ls--note-missed nil t))
        ((infill-ls--attach t))))

;;;###autoload
(define-minor-mode infill-ls-mode
  "Show behind point what a model would write next, while you type.
\\<infill-ls-suggestion-map>\\[infill-ls-accept] accepts it, \
\\[infill-ls-accept-word] a word of it, \\[infill-ls-accept-line] a line, \
\\[infill-ls-next] shows another one, \\[infill-ls-dismiss] none."
  :lighter (:eval (infill-ls--lighter))
  (cond ((not infill-ls-mode)
         (pcase-dolist (`(,hook . ,function) infill-ls--hooks)
           (remove-hook hook function t))
         (infill-ls--forget)
         (infill-ls--close))
        ((buffer-base-buffer)
         (setq infill-ls-mode nil)
         (user-error "This buffer has its text from %s: use that" (buffer-base-buffer)))
        (t
         (pcase-dolist (`(,hook . ,function) infill-ls--hooks)
           (add-hook hook function nil t))
         (unless infill-ls--rest-timer
           (setq infill-ls--rest-timer
                 (run-with-idle-timer infill-ls-rest-seconds t #'infill-ls--tell-rest)))
         (infill-ls--before-command)
         (when (infill-ls--begun-p)
           (infill-ls--attach t)))))

(defun infill-ls--turn-on ()
  "Switch suggestions on where the current buffer is one that users see."
  (unless (or (buffer-base-buffer) (string-prefix-p " " (buffer-name)))
    (infill-ls-mode)))

;;;###autoload
(define-globalized-minor-mode global-infill-ls-mode infill-ls-mode infill-ls--turn-on
  :predicate '(prog-mode conf-mode)
  :group 'infill-ls)

(provide 'infill-ls)
;;; infill-ls.el ends here
