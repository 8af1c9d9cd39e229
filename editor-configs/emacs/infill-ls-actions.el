;;; infill-ls-actions.el --- What the model can do with code  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `infill-ls-code-actions' offers what there is for the region or the code at
;; point.  The model writes in the background; the change comes as one step of
;; undo, and is shown before it is made where the server wants it confirmed.
;;
;; Where Eglot itself manages a buffer with a server of the class
;; `infill-ls-server', its own `eglot-code-actions' does the same.

;;; Code:

(require 'diff-mode)
(require 'infill-ls-diagnostics)
(require 'infill-ls-server)
(require 'map)

(autoload 'infill-ls-chat-about "infill-ls-chat")

;;; Choosing.

;;;###autoload
(defun infill-ls-code-actions (beg end)
  "Choose what the model is to do with the code from BEG to END.
That is the region or, without one, what is around point."
  (interactive (if (use-region-p)
                   (list (region-beginning) (region-end))
                 (list (point) (point))))
  (let* ((server (infill-ls--any-server))
         (offered (seq-into (infill-ls--offered server beg end) 'list))
         (titles (mapcar (lambda (action) (plist-get action :title)) offered))
         (completion-extra-properties '(:display-sort-function identity)))
    (unless titles
      (user-error "There is nothing to do with this code"))
    (let ((title (completing-read (format-prompt "Do" (car titles)) titles nil t nil nil
                                  (car titles))))
      (eglot-execute server (seq-find (lambda (action) (equal title (plist-get action :title)))
                                      offered)))))

(defun infill-ls--offered (server beg end)
  "Return what SERVER can do with the code from BEG to END of the current buffer."
  (jsonrpc-request server :textDocument/codeAction
                   `( :textDocument (:uri ,(infill-ls--any-uri))
                      :range ,(infill-ls--range beg end)
                      :context (:triggerKind 1))))

;;; Doing it, in the background.

(defvar-local infill-ls--acting nil
  "Whose answer an action waits for: the server and the request's number.")

(defvar-keymap infill-ls-acting-map
  :doc "Keys while an action is worked out."
  "C-g" #'infill-ls-stop)

(define-minor-mode infill-ls-acting-mode
  "Has keys of its own while an action is worked out."
  :interactive nil
  :keymap infill-ls-acting-map)

(cl-defmethod eglot-execute ((server infill-ls-server) action)
  "Have SERVER execute ACTION, which is of LSP, in the background."
  (pcase-let (((map :title :command :arguments :edit) action))
    (cond (edit (infill-ls--apply server edit))
          ((equal command "infill-ls.chat.ask")
           (apply #'infill-ls-chat-about server (append arguments nil)))
          ((stringp command)
           (infill-ls--work-out server title :workspace/executeCommand
                                `(:command ,command :arguments ,arguments)))
          (command (eglot-execute server command))
          ((infill-ls--work-out server title :codeAction/resolve action)))))

(defun infill-ls--work-out (server title method params)
  "Have SERVER work an action out, and apply its edit.
METHOD and PARAMS ask for it; TITLE is for the user."
  (when infill-ls--acting
    (user-error "%s" (substitute-command-keys
                      "Another action is being worked out; \\[infill-ls-stop] stops it")))
  (let ((buffer (current-buffer)))
    (jsonrpc-async-request
     server method params
     :timeout nil
     :success-fn (lambda (reply)
                   (infill-ls--act-no-more buffer)
                   (when-let* ((edit (plist-get reply :edit)))
                     (infill-ls--apply server edit)))
     :error-fn (lambda (problem)
                 (infill-ls--act-no-more buffer)
                 (message "infill-ls: %s" (infill-ls--problem-words problem))))
    (setq infill-ls--acting (cons server (infill-ls--last-id server)))
    (infill-ls-acting-mode)
    (message "%s" (substitute-command-keys
                   (format "infill-ls: %s; \\<infill-ls-acting-map>\\[infill-ls-stop] stops it"
                           title)))))

(defun infill-ls--act-no-more (buffer)
  "Nothing is worked out for BUFFER any more."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq infill-ls--acting nil)
      (infill-ls-acting-mode -1))))

(defconst infill-ls--cancelled -32800
  "What LSP calls a request that was cancelled.")

(defun infill-ls--problem-words (problem)
  "Return PROBLEM, an error that came for an action, in words."
  (pcase-let (((map :code :message) problem))
    (if (eql code infill-ls--cancelled) "stopped" message)))

(defun infill-ls-stop ()
  "Stop the action that is worked out for this buffer."
  (interactive)
  (pcase infill-ls--acting
    ('nil (user-error "Nothing is being worked out"))
    (`(,server . ,id) (jsonrpc-notify server :$/cancelRequest `(:id ,id)))))

;;; Applying edits.

(defun infill-ls--apply (server edit)
  "Apply a workspace EDIT of SERVER, or tell in one sentence why not."
  (condition-case problem
      ;; As Eglot does where SERVER itself asks for it: paths are of its machine.
      (let ((eglot--cached-server server))
        (eglot-handle-request server 'workspace/applyEdit :edit edit))
    (error (message "infill-ls: %s" (error-message-string problem)))))

(cl-defmethod eglot-handle-request :around
  ((server infill-ls-server) (_method (eql 'workspace/applyEdit)) &key edit &allow-other-keys)
  "Apply EDIT of SERVER if the user agrees; Eglot does so with documents alone."
  (infill-ls--check server edit)
  (cond ((not (infill-ls--agreed-p server edit)) '(:applied :json-false))
        ((infill-ls--creation edit)
         (infill-ls--create edit)
         '(:applied t))
        ((cl-call-next-method))))

(cl-defmethod eglot-handle-request
  ((server infill-ls-server) (_method (eql 'workspace/applyEdit)) &key edit &allow-other-keys)
  "Have Eglot apply EDIT of SERVER."
  (infill-ls--check server edit)
  (cl-call-next-method))

(cl-defmethod eglot-handle-request
  ((server infill-ls--companion) (_method (eql 'workspace/applyEdit))
   &key edit &allow-other-keys)
  "Apply EDIT of SERVER to the buffers that it is told of here."
  (infill-ls--check server edit)
  (seq-doseq (change (plist-get edit :documentChanges))
    (with-current-buffer (infill-ls--changed-buffer server change)
      (infill-ls--replace (plist-get change :edits))))
  '(:applied t))

(defun infill-ls--check (server edit)
  "Signal an error if a document of EDIT has changed since SERVER has made it."
  (seq-doseq (change (plist-get edit :documentChanges))
    (when-let* ((version (map-nested-elt change '(:textDocument :version))))
      (with-current-buffer (infill-ls--changed-buffer server change)
        (if (not (infill-ls--companion-p server))
            ;; Eglot compares versions itself, but waits a moment before it counts a change.
            (eglot--signal-textDocument/didChange)
          (infill-ls--send-changes)
          (unless (eql version infill-ls--version)
            (user-error "The code was changed meanwhile, so nothing was done to it")))))))

(defun infill-ls--changed-buffer (server change)
  "Return the buffer of the document of SERVER that CHANGE is of."
  (pcase-let (((map (:textDocument (map :uri))) change))
    (or (infill-ls--buffer server uri)
        (user-error "%s is not open any more" uri))))

(defun infill-ls--replace (edits)
  "Apply EDITS, LSP's of one document, to the current buffer, as one step of undo."
  (save-restriction
    (widen)
    (undo-boundary)
    (atomic-change-group
      (let ((group (prepare-change-group)))
        ;; The last first: the places of the others stay as they are.
        (seq-doseq (edit (seq-reverse edits))
          (pcase-let* (((map :range :newText) edit)
                       (`(,beg . ,end) (infill-ls--bounds range)))
            ;; Point and marks stay where the text stays.
            (replace-region-contents beg end (lambda () newText))))
        (undo-amalgamate-change-group group)))
    (undo-boundary)))

(defun infill-ls--creation (edit)
  "Return the part of EDIT by which there is to be a new file, or nil."
  (seq-find (lambda (change) (equal "create" (plist-get change :kind)))
            (plist-get edit :documentChanges)))

(defun infill-ls--create (edit)
  "Open the new file of EDIT, with its text, for the user to save."
  (let ((path (eglot-uri-to-path (plist-get (infill-ls--creation edit) :uri))))
    (when (or (file-exists-p path) (find-buffer-visiting path))
      (user-error "%s is there already; save it, and choose the action again" path))
    (pop-to-buffer (find-file-noselect path))
    (seq-doseq (change (plist-get edit :documentChanges))
      (when-let* ((edits (plist-get change :edits)))
        (infill-ls--replace edits)))
    (goto-char (point-min))))

;;; Having them confirmed.

(defun infill-ls--agreed-p (server edit)
  "Tell whether the user agrees to all of SERVER's EDIT that is to be confirmed."
  (let ((annotations (plist-get edit :changeAnnotations)))
    (seq-every-p
     (lambda (change)
       (seq-every-p
        (lambda (text-edit)
          (pcase-let (((map :label :needsConfirmation)
                       (infill-ls--annotation annotations text-edit)))
            (or (not (eq t needsConfirmation))
                (infill-ls--confirmed-p (infill-ls--changed-buffer server change)
                                        text-edit label))))
        (plist-get change :edits)))
     (plist-get edit :documentChanges))))

(defun infill-ls--annotation (annotations text-edit)
  "Return the one of ANNOTATIONS that TEXT-EDIT has, or nil."
  (when-let* ((name (plist-get text-edit :annotationId)))
    (plist-get annotations (intern (concat ":" name)))))

(defun infill-ls--confirmed-p (buffer text-edit label)
  "Show in BUFFER what TEXT-EDIT of LABEL would change; return whether it is to be."
  (save-window-excursion
    (pop-to-buffer buffer)
    (save-excursion
      (let ((preview (infill-ls--preview text-edit))
            ;; The answer may come while the user is typing in the minibuffer.
            (enable-recursive-minibuffers t))
        (unwind-protect
            (condition-case nil
                (progn
                  (goto-char (overlay-start preview))
                  (y-or-n-p (format "%s: change this? " label)))
              (quit nil))
          (delete-overlay preview))))))

(defun infill-ls--preview (text-edit)
  "Return an overlay of the current buffer that has the change of TEXT-EDIT seen."
  (pcase-let* (((map :range :newText) text-edit)
               (`(,beg . ,end) (infill-ls--bounds range))
               (overlay (make-overlay beg end)))
    (overlay-put overlay 'face 'diff-removed)
    (overlay-put overlay 'priority 100)
    (overlay-put overlay 'after-string
                 (propertize (if (or (= beg end) (string-prefix-p "\n" newText))
                                 newText
                               (concat "\n" newText))
                             'face 'diff-added))
    overlay))

(provide 'infill-ls-actions)
;;; infill-ls-actions.el ends here
