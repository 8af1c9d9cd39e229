;;; infill-ls-model.el --- Which model is asked for suggestions  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `infill-ls-switch-model' changes `infill-ls-settings', in which a model that is
;; to stay can be saved.

;;; Code:

(require 'infill-ls-server)

(defun infill-ls-model--told ()
  "Return which models the host has, and which one is set, as a plist.
Where it cannot be asked, say why."
  (if-let* ((server (or (infill-ls--eglots) (infill-ls--companion-here))))
      (condition-case problem
          (jsonrpc-request server :workspace/executeCommand '(:command "infill-ls.models")
                           :timeout nil)
        (jsonrpc-error
         (message "infill-ls: %s" (alist-get 'jsonrpc-error-message (cddr problem)))
         nil))
    (user-error "No infill-ls runs here")))

;;;###autoload
(defun infill-ls-switch-model (model)
  "Have MODEL asked for suggestions from now on; \"\" stands for the host's own.
Those that the host has are offered."
  (interactive
   (pcase-let* (((map :model :models) (infill-ls-model--told)))
     (list (completing-read (format-prompt "Model" model) (append models nil)
                            nil nil nil nil model))))
  (let ((backend (copy-sequence (plist-get infill-ls-settings :backend)))
        (name (unless (string-empty-p model) model)))
    (customize-set-variable 'infill-ls-settings
                            (plist-put (copy-sequence infill-ls-settings)
                                       :backend (plist-put backend :model name)))
    (infill-ls-restart)))

(provide 'infill-ls-model)
;;; infill-ls-model.el ends here
