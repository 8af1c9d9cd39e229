;;; infill-ls-server.el --- The language server infill-ls, and what it knows  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Eglot starts the server and speaks with it.  But Eglot has one server manage
;; a buffer, and that is the one of the language; so a companion of it is told
;; of the buffers here, and can be had beside any other.  Where Eglot manages a
;; buffer with infill-ls itself, that one is used, and no companion is started.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'infill-ls-settings)
(require 'project)
(require 'track-changes)
(require 'url-util)

(defvar infill-ls-mode)

(defcustom infill-ls-command '("infill-ls")
  "Starts the language server: a program and its arguments."
  :group 'infill-ls
  :type '(repeat string))

;;; The server: one for all projects of a machine.

(defvar-local infill-ls--server nil "What suggests in the current buffer.")
(defvar-local infill-ls--uri nil "The buffer's name there.")
(defvar-local infill-ls--version 0 "How often a companion was told of changes.")
(defvar-local infill-ls--tracker nil
  "Remembers what has changed since; nil where Eglot tells of changes.")
(defvar-local infill-ls--missed nil "Whether an indirect buffer has changed the text since.")

(defclass infill-ls-server (eglot-lsp-server)
  ((ready :initform nil :accessor infill-ls--ready
          :documentation "Whether it can be told of buffers.")
   (status :initform nil :accessor infill-ls--status
           :documentation "The newest `infill-ls/status', a plist.")
   (told :initform nil :accessor infill-ls--told
         :documentation "Whether the user knows of the outage that goes on.")
   (partials :initform (make-hash-table :test #'equal) :reader infill-ls--partials
             :documentation "What shows the longer states of an answer, by token.")
   (work :initform nil :accessor infill-ls--work
         :documentation "What is under way: words for the user, by token.")
   (last-id :initform nil :accessor infill-ls--last-id
            :documentation "The number of the newest request."))
  :documentation "A running infill-ls, whoever tells it of buffers.")

(defclass infill-ls--companion (infill-ls-server)
  ((machine :initform (file-remote-p default-directory) :reader infill-ls--machine
            :documentation "Where it runs: what remote files begin with, nil if it is here.")
   (folders :initform nil :accessor infill-ls--folders
            :documentation "Those of the projects that it was told of, the newest first."))
  :documentation "One that is told of buffers here, beside what Eglot has for them.")

(defvar infill-ls--servers nil
  "The companions that were started, those that have ended among them.")

(defvar infill-ls--lacking nil
  "The machines where no server was found, as `file-remote-p' has them.")

(cl-defmethod initialize-instance :after ((server infill-ls--companion) &rest _)
  "Remember that SERVER was started."
  (setq infill-ls--servers
        (cons server (seq-filter #'jsonrpc-running-p infill-ls--servers))))

(cl-defmethod eglot-initialization-options ((_server infill-ls-server))
  "Return what the user has set."
  (infill-ls--as-object infill-ls-settings))

(cl-defmethod eglot-client-capabilities ((_server infill-ls-server))
  "Return what Eglot can do, and chat, new files, and to have edits confirmed.
Emacs counts in characters, so positions are counted in these."
  (let* ((capabilities (cl-call-next-method))
         (workspace (plist-get capabilities :workspace)))
    (plist-put (plist-get capabilities :general) :positionEncodings ["utf-32"])
    (plist-put workspace :workspaceEdit
               '( :documentChanges t :resourceOperations ["create"]
                  :changeAnnotationSupport (:groupsOnLabel :json-false)))
    (plist-put capabilities :experimental '(:infillLsChat t))))

(cl-defmethod eglot-client-capabilities ((_server infill-ls--companion))
  "Return what Emacs can do with any infill-ls, and inline completion."
  (let ((capabilities (cl-call-next-method)))
    (plist-put (plist-get capabilities :textDocument)
               :inlineCompletion '(:dynamicRegistration :json-false))
    capabilities))

(cl-defmethod jsonrpc-connection-send :before ((server infill-ls-server)
                                               &key id method &allow-other-keys)
  "Remember the ID of a request of SERVER, which is what it is cancelled by."
  (when (and id method)
    (setf (infill-ls--last-id server) id)))

(cl-defmethod eglot-handle-notification
  ((server infill-ls-server) (_method (eql '$/progress)) &key token value)
  "Show what an answer of SERVER, named by TOKEN, has grown to: VALUE."
  (if-let* ((show (gethash token (infill-ls--partials server))))
      (funcall show value)
    (infill-ls--note-work server token value)
    (cl-call-next-method)))

(defun infill-ls--note-work (server token value)
  "Keep what VALUE, progress of LSP, has to say of SERVER's work of TOKEN."
  (pcase-let (((map :kind :title :message) value))
    (pcase kind
      ("begin" (push (list token (string-remove-prefix "infill-ls: " title) message)
                     (infill-ls--work server)))
      ("report" (when-let* ((work (assoc token (infill-ls--work server))))
                  (setcdr (cdr work) (list message))))
      ("end" (setf (alist-get token (infill-ls--work server) nil t #'equal) nil)))
    (force-mode-line-update t)))

(defun infill-ls--work-words (server &optional token)
  "Return what is under way at SERVER: the work of TOKEN, or the newest."
  (let ((work (infill-ls--work server)))
    (when-let* ((words (if token (assoc token work) (car work))))
      (string-join (delq nil (cdr words)) ", "))))

(cl-defmethod eglot-handle-notification
  ((server infill-ls-server) (_method (eql 'infill-ls/status))
   &rest status &key health message &allow-other-keys)
  "Keep the STATUS of SERVER; tell an error, once until it is over.
HEALTH and MESSAGE are of the status."
  (setf (infill-ls--status server) status)
  (pcase health
    ("ok" (setf (infill-ls--told server) nil))
    ("error" (unless (infill-ls--told server)
               (setf (infill-ls--told server) t)
               (message "infill-ls: %s" message))))
  (force-mode-line-update t))

(defun infill-ls--project ()
  "Return the project of the current buffer, or its folder as one."
  (or (project-current) (cons 'transient default-directory)))

(defun infill-ls--root ()
  "Return the folder of the current buffer's project."
  (expand-file-name (project-root (infill-ls--project))))

(defun infill-ls--start ()
  "Start a server on the machine of the current buffer, in the background.
Where there is none, tell it once, and seek it again when the user restarts."
  (cond ((infill-ls--lack))
        ;; What Tramp remembers may be of a time before it was installed.
        ((let ((remote-file-name-inhibit-cache t))
           (executable-find (car infill-ls-command) t))
         (let ((eglot-sync-connect nil))
           ;; Eglot would manage the buffers of these major modes: none is called so.
           (eglot '(infill-ls-mode) (infill-ls--project) 'infill-ls--companion
                  infill-ls-command '("none"))))
        (t
         (push (file-remote-p default-directory) infill-ls--lacking)
         (message "infill-ls: %s" (infill-ls--lack)))))

(defun infill-ls--lack ()
  "Return in one sentence that this buffer's machine has no server, or nil."
  (when (member (file-remote-p default-directory) infill-ls--lacking)
    (let ((host (file-remote-p default-directory 'host))
          (program (car infill-ls-command)))
      (if host
          (format-message "\"%s\" is not to be found on %s; install it there, in a folder of \
`tramp-remote-path', and use `infill-ls-restart'" program host)
        (format-message "\"%s\" is not to be found; install it, or set `infill-ls-command', and \
use `infill-ls-restart'" program)))))

(defun infill-ls--connected (server)
  "Have SERVER know the buffers of its machine, if it is a companion."
  (when (infill-ls--companion-p server)
    (setf (infill-ls--ready server) t)
    (dolist (buffer (infill-ls--buffers))
      (with-current-buffer buffer
        (unless (infill-ls--served-p)
          (infill-ls--attach nil))))
    (infill-ls--stop-unused server)))

;; Last, since it may end the server.
(add-hook 'eglot-connect-hook #'infill-ls--connected t)

(defun infill-ls--managed ()
  "Have the infill-ls that Eglot manages the current buffer with suggest there."
  (when infill-ls-mode
    (let ((former infill-ls--server))
      (cond ((infill-ls--eglots)
             (infill-ls--attach nil)
             (when (infill-ls--companion-p former)
               (infill-ls--stop-unused former)))
            ((not (infill-ls--companion-p former))
             (infill-ls--close))))))

(add-hook 'eglot-managed-mode-hook #'infill-ls--managed)

(defun infill-ls--buffers ()
  "Return the buffers that are to be served."
  (seq-filter (lambda (buffer)
                (with-current-buffer buffer
                  (and infill-ls-mode (infill-ls--begun-p))))
              (buffer-list)))

(defun infill-ls--begun-p ()
  "Tell whether the current buffer is a file, or has something of the user in it."
  (or buffer-file-name (buffer-modified-p)))

(defun infill-ls-restart ()
  "Start the servers anew, with the settings of now."
  (interactive)
  (setq infill-ls--lacking nil)
  (dolist (server infill-ls--servers)
    (when (jsonrpc-running-p server)
      (infill-ls--stop server)))
  (dolist (buffer (infill-ls--buffers))
    (with-current-buffer buffer
      (infill-ls--attach t))))

(defun infill-ls--stop (server)
  "Have SERVER end.
`eglot-shutdown' would first send the changes of a buffer that it manages."
  ;; Else Eglot would start it again.
  (setf (slot-value server 'shutdown-requested) t)
  (jsonrpc-request server :shutdown nil)
  (jsonrpc-notify server :exit nil)
  (jsonrpc-shutdown server))

(defun infill-ls--stop-unused (server)
  "Have SERVER, a companion, end if no buffer is left to it."
  (unless (seq-some (lambda (buffer)
                      (with-current-buffer buffer
                        (memq server (list infill-ls--server
                                           (bound-and-true-p infill-ls-chat--server)))))
                    (buffer-list))
    (infill-ls--stop server)))

(defun infill-ls-status-message (server)
  "Return in one sentence what is wrong with SERVER, or nil if nothing is."
  (pcase-let (((map :message :until) (infill-ls--status server)))
    (cond ((not (jsonrpc-running-p server)) "The server has ended")
          ((string-empty-p (or message "")) nil)
          (until (format "%s (until %s)" message (format-time-string "%T" until)))
          (message))))

(defun infill-ls-status ()
  "Tell how the server of this buffer is."
  (interactive)
  (message "infill-ls: %s"
           (cond ((null infill-ls--server)
                  (or (infill-ls--lack) "no server has this buffer"))
                 ((infill-ls-status-message infill-ls--server))
                 ((plist-get (infill-ls--status infill-ls--server) :model)
                  (format "all is well, with %s"
                          (plist-get (infill-ls--status infill-ls--server) :model)))
                 ("all is well"))))

(defun infill-ls--lighter ()
  "Return words for the mode line on how the server is."
  (let ((problem (and infill-ls--server (infill-ls-status-message infill-ls--server))))
    (cond ((null infill-ls--server) " infill-ls?")
          (problem (propertize " infill-ls!" 'help-echo problem 'face 'warning))
          ((infill-ls--work infill-ls--server)
           (format " infill-ls: %s" (infill-ls--work-words infill-ls--server)))
          ((eq t (plist-get (infill-ls--status infill-ls--server) :busy)) " infill-ls…")
          (" infill-ls"))))

;;; Documents: what the server knows of a buffer.

(defconst infill-ls--languages
  '((c++-mode . "cpp") (c++-ts-mode . "cpp") (cperl-mode . "perl") (latex-mode . "latex")
    (emacs-lisp-mode . "emacs-lisp") (lisp-data-mode . "lisp") (makefile-mode . "makefile")
    (f90-mode . "fortran"))
  "Major modes that are called otherwise than their language.")

(defun infill-ls--language ()
  "Return the LSP language identifier of the current buffer."
  (or (alist-get major-mode infill-ls--languages)
      (get major-mode 'eglot-language-id)
      (cdr (seq-find (lambda (known) (derived-mode-p (car known))) infill-ls--languages))
      (replace-regexp-in-string (rx (? "-ts") "-mode" eos) "" (symbol-name major-mode))))

(defun infill-ls--characters (text)
  "Return TEXT with a sign for each byte in it that is no character."
  (replace-regexp-in-string (rx (not (in (#x0 . #xd7ff) (#xe000 . #x10ffff)))) "\N{U+FFFD}"
                            (substring-no-properties text)))

(defun infill-ls--text (beg end)
  "Return the text from BEG to END as it can be sent."
  (save-restriction
    (widen)
    (infill-ls--characters (buffer-substring-no-properties beg end))))

(defun infill-ls--position (place)
  "Return PLACE in the current buffer as an LSP position."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char place)
      (list :line (1- (line-number-at-pos)) :character (- place (pos-bol))))))

(defun infill-ls--range (beg end)
  "Return what is between BEG and END in the current buffer as an LSP range."
  (list :start (infill-ls--position beg) :end (infill-ls--position end)))

(defun infill-ls--position-after (position text)
  "Return where TEXT ends if it begins at POSITION."
  (pcase-let (((map :line :character) position)
              (last-break (cl-position ?\n text :from-end t)))
    (if last-break
        (list :line (+ line (cl-count ?\n text)) :character (- (length text) last-break 1))
      (list :line line :character (+ character (length text))))))

(defun infill-ls--place (position)
  "Return the place in the current buffer of an LSP POSITION."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (plist-get position :line))
      (min (+ (point) (plist-get position :character)) (pos-eol)))))

(defun infill-ls--bounds (range)
  "Return the places in the current buffer between which an LSP RANGE is."
  (pcase-let (((map :start :end) range))
    (cons (infill-ls--place start) (infill-ls--place end))))

(defun infill-ls--served-p ()
  "Tell whether a server suggests in the current buffer."
  (and infill-ls--server (jsonrpc-running-p infill-ls--server)))

(defun infill-ls--shown-buffer ()
  "Return the buffer by which a server knows the text of the current one."
  (or (buffer-base-buffer) (current-buffer)))

(defun infill-ls--any-server ()
  "Return the infill-ls that has the current buffer, and knows it as it is now.
That is a companion, or a server of the class that Eglot manages."
  (with-current-buffer (infill-ls--shown-buffer)
    (when (and infill-ls-mode (null infill-ls--server))
      (infill-ls--attach t))
    (cond ((infill-ls--served-p)
           (infill-ls--send-changes)
           infill-ls--server)
          ((infill-ls--eglots)
           (eglot--signal-textDocument/didChange)
           (infill-ls--eglots))
          ((user-error "%s" (cond ((not infill-ls-mode) "No infill-ls has this buffer")
                                  ((infill-ls--lack))
                                  ("The server of this buffer does not run yet")))))))

(defun infill-ls--any-uri ()
  "Return the name of the current buffer at `infill-ls--any-server'."
  (with-current-buffer (infill-ls--shown-buffer)
    (if (infill-ls--served-p)
        infill-ls--uri
      (infill-ls--eglots-uri))))

(defun infill-ls--eglots ()
  "Return the infill-ls that Eglot manages the current buffer with, or nil."
  (and (eglot-managed-p)
       (infill-ls-server-p (eglot-current-server))
       (eglot-current-server)))

(defun infill-ls--eglots-uri ()
  "Return the name that Eglot has given the current buffer."
  (plist-get (eglot--TextDocumentIdentifier) :uri))

(defun infill-ls--buffer (server uri)
  "Return the buffer that SERVER knows as URI, or nil.
One of another machine may have the same name there."
  (or (seq-find (lambda (buffer)
                  (and (eq server (buffer-local-value 'infill-ls--server buffer))
                       (equal uri (buffer-local-value 'infill-ls--uri buffer))))
                (buffer-list))
      (find-buffer-visiting (eglot-uri-to-path uri))))

(defun infill-ls--companion-here ()
  "Return the running companion on the machine of the current buffer, or nil."
  (let ((machine (file-remote-p default-directory)))
    (seq-find (lambda (server)
                (and (jsonrpc-running-p server) (equal machine (infill-ls--machine server))))
              infill-ls--servers)))

(defun infill-ls--attach (may-start)
  "Have the server on the machine of the current buffer know the buffer.
If there is none yet, start one, unless MAY-START is nil."
  (let ((server (infill-ls--companion-here)))
    (cond ((infill-ls--eglots) (infill-ls--share))
          ((and server (infill-ls--ready server)) (infill-ls--open server))
          ((and may-start (null server)) (infill-ls--start)))))

(defun infill-ls--share ()
  "Have the infill-ls of Eglot suggest in the current buffer."
  (infill-ls--close)
  (setq infill-ls--server (infill-ls--eglots)
        infill-ls--uri (infill-ls--eglots-uri)))

(defun infill-ls--file ()
  "Return the file that the text of the current buffer is of, or nil.
A source block of Org is edited in a buffer without a file, but is of one."
  (or buffer-file-name (bound-and-true-p org-src-source-file-name)))

(defun infill-ls--new-uri ()
  "Return a name for the current buffer that no other one has.
It has the path of the file: what must not be shown of that is known by it."
  (if buffer-file-name
      (eglot-path-to-uri buffer-file-name)
    (let* ((taken (mapcar (lambda (buffer) (buffer-local-value 'infill-ls--uri buffer))
                          (buffer-list)))
           (place (if-let* ((file (infill-ls--file)))
                      (format "org-src:%s#"
                              (string-remove-prefix "file:" (eglot-path-to-uri file)))
                    "untitled:"))
           (uri (concat place (url-hexify-string (buffer-name)))))
      ;; A buffer may have had this name when it was shown to the server.
      (while (member uri taken)
        (setq uri (concat uri "~")))
      uri)))

(defun infill-ls--as-folder (folder)
  "Return FOLDER as LSP has it."
  (list :uri (eglot-path-to-uri folder) :name (abbreviate-file-name folder)))

(cl-defmethod eglot-workspace-folders ((server infill-ls--companion))
  "Return what SERVER was told of: none at first, each with its first buffer."
  (vconcat (mapcar #'infill-ls--as-folder (infill-ls--folders server))))

(defun infill-ls--add-folder (server)
  "Have SERVER know the folder of the current buffer's project.
A buffer without a file may be of none; its folder is by chance then."
  (when (or (infill-ls--file) (project-current))
    (let ((folder (infill-ls--root)))
      (unless (member folder (infill-ls--folders server))
        (push folder (infill-ls--folders server))
        (jsonrpc-notify server :workspace/didChangeWorkspaceFolders
                        `(:event (:added [,(infill-ls--as-folder folder)] :removed [])))))))

(defun infill-ls--open (server)
  "Show the current buffer to SERVER."
  (infill-ls--close)
  (infill-ls--add-folder server)
  (setq infill-ls--server server
        infill-ls--uri (infill-ls--new-uri)
        infill-ls--version 0
        infill-ls--tracker (track-changes-register #'ignore))
  (jsonrpc-notify server :textDocument/didOpen
                  `(:textDocument (:uri ,infill-ls--uri
                                   :languageId ,(infill-ls--language)
                                   :version ,infill-ls--version
                                   :text ,(infill-ls--text 1 (1+ (buffer-size)))))))

(defun infill-ls--close ()
  "Have a companion forget the current buffer, and nobody suggest there."
  (when infill-ls--tracker
    (track-changes-unregister infill-ls--tracker))
  (when (and infill-ls--tracker (infill-ls--served-p))
    (jsonrpc-notify infill-ls--server :textDocument/didClose
                    `(:textDocument (:uri ,infill-ls--uri))))
  (setq infill-ls--server nil
        infill-ls--uri nil
        infill-ls--tracker nil))

(defun infill-ls--send-changes ()
  "Tell the server what has changed in the current buffer."
  (if (not (infill-ls--companion-p infill-ls--server))
      (eglot--signal-textDocument/didChange)
    (track-changes-fetch infill-ls--tracker #'infill-ls--send-change)
    (when infill-ls--missed
      (setq infill-ls--missed nil)
      (infill-ls--send-change 1 1 'error))))

(defun infill-ls--send-change (beg end before)
  "Tell the server that BEFORE stood where BEG to END is now."
  (jsonrpc-notify infill-ls--server :textDocument/didChange
                  `(:textDocument (:uri ,infill-ls--uri :version ,(cl-incf infill-ls--version))
                    :contentChanges [,(infill-ls--change beg end before)])))

(defun infill-ls--note-missed (&rest _change)
  "Have the base buffer tell its whole text, as the current buffer has changed it."
  (with-current-buffer (buffer-base-buffer)
    (setq infill-ls--missed t)))

(defun infill-ls--change (beg end before)
  "Return what was changed: BEFORE stood where BEG to END is now."
  (if (stringp before)
      (let ((start (infill-ls--position beg)))
        `(:range (:start ,start :end ,(infill-ls--position-after start before))
          :text ,(infill-ls--text beg end)))
    ;; Something has changed the buffer and told nobody.
    `(:text ,(infill-ls--text 1 (1+ (buffer-size))))))

(defun infill-ls--here ()
  "Return what names point in the current buffer to the server."
  `(:textDocument (:uri ,infill-ls--uri) :position ,(infill-ls--position (point))))

(provide 'infill-ls-server)
;;; infill-ls-server.el ends here
