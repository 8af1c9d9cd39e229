;;; infill-ls-diagnostics.el --- What any tool says of the code  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Flymake shows what linters and other servers say; here it is told to the
;; server in LSP's words, so that it can offer to fix it.

;;; Code:

(require 'flymake)
(require 'infill-ls-server)

(defun infill-ls--diagnostics (beg end)
  "Return what Flymake has on the lines from BEG to END, as LSP diagnostics."
  (save-restriction
    (widen)
    (save-excursion
      (let ((first (progn (goto-char beg) (pos-bol)))
            (last (progn (goto-char end) (pos-eol))))
        (vconcat (mapcar #'infill-ls--diagnostic (flymake-diagnostics first (1+ last))))))))

(defun infill-ls--diagnostic (found)
  "Return what Flymake has FOUND as an LSP diagnostic.
One of another server may have been counted in other units, so it is not taken
as that has sent it."
  (list :range (infill-ls--range (flymake-diagnostic-beg found) (flymake-diagnostic-end found))
        :severity (infill-ls--severity (symbol-name (flymake-diagnostic-type found)))
        :message (infill-ls--characters (flymake-diagnostic-text found))))

(defun infill-ls--severity (type)
  "Return LSP's number for TYPE, the name of one of Flymake's types."
  (cond ((string-search "error" type) 1)
        ((string-search "warning" type) 2)
        (3)))

(cl-defmethod jsonrpc-connection-send :around
  ((server infill-ls-server) &rest message &key method params &allow-other-keys)
  "Have SERVER know of all diagnostics when it is asked what can be done.
METHOD and PARAMS are of the MESSAGE.  Eglot tells a server of its own only."
  (if (eq method :textDocument/codeAction)
      (let* ((params (infill-ls--with-diagnostics params))
             (message (plist-put (copy-sequence message) :params params)))
        (apply #'cl-call-next-method server message))
    (cl-call-next-method)))

(defun infill-ls--with-diagnostics (params)
  "Return PARAMS of a request for actions, with the diagnostics of all tools.
Eglot asks about the symbol at point where nothing is selected; what is meant
then is point."
  (pcase-let* (((map :textDocument :range :context) params)
               (`(,beg . ,end) (infill-ls--bounds range))
               (is-meant (or (use-region-p) (not (<= beg (point) end))))
               (diagnostics (infill-ls--diagnostics beg end)))
    `( :textDocument ,textDocument
       :range ,(if is-meant range (infill-ls--range (point) (point)))
       :context ,(plist-put (copy-sequence context) :diagnostics diagnostics))))

(provide 'infill-ls-diagnostics)
;;; infill-ls-diagnostics.el ends here
