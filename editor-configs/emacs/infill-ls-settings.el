;;; infill-ls-settings.el --- What the server can be told to do  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; One option, `infill-ls-settings', has all settings of the server, in its own
;; words.  Customize knows them by a list that is made from the server's.

;;; Code:

(require 'map)

(defgroup infill-ls nil
  "Code from a model while you type."
  :group 'programming
  :prefix "infill-ls-")

;; Written by tests/editors/emacs/settings.py.
(defconst infill-ls--known-settings
  '(("backend.kind" (choice (const "auto") (const "embedded") (const "endpoint") (const "huggingface") (const "llamacpp") (const "ollama") (const "openai") (const "tgi"))
     "What serves the model; `auto` takes `backend.url` if there is one (asking it what it is), else the embedded model if it is there. `huggingface` is the hosted API, `endpoint` an Inference Endpoint, `openai` vLLM and all that speak so.")
    ("backend.url" string
     "The host's address, for instance `http://localhost:8080`. Empty for `huggingface`: Hugging Face's own.")
    ("backend.model" string
     "The model's name; for `embedded` also the path of a GGUF file. Empty: what the host says, or the embedded model's own.")
    ("backend.headers" (alist :key-type string :value-type string)
     "Further headers for `backend.url`.")
    ("backend.caBundle" string
     "A PEM file of certificate authorities to trust.")
    ("backend.clientCertificate" string
     "A PEM file with the certificate that is shown to the host, and its key.")
    ("backend.verifyTls" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "Off: whoever answers in the host's place reads code and token. To trust a host's own certificate, set `backend.caBundle`.")
    ("backend.connectTimeoutMs" integer
     "How long a connection may take.")
    ("backend.readTimeoutMs" integer
     "How long the host may be silent.")
    ("backend.contextTokens" integer
     "Context of the embedded model and of Ollama's; memory grows with it.")
    ("backend.idleMinutes" integer
     "How long the embedded model stays loaded when its last user, of all editors and commands, has gone.")
    ("backend.useCache" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "False has `huggingface` generate even what it answered before.")
    ("backend.inFlight" integer
     "At most this many completions are asked for at once. Empty: 1 where the host is this machine, else 2.")
    ("backend.patienceS" integer
     "How long an invoked completion waits for a model that is loading or a host that has too much to do.")
    ("fallback" (repeat backend)
     "Further back ends, each with the settings of `backend`; while one cannot answer, the next one does.")
    ("chatBackend" backend
     "The back end that chat is for, with the settings of `backend`; without it that is `backend` itself, whose model is usually no chat model.")
    ("chat.system" string
     "What the model is told before each conversation. Empty: nothing.")
    ("chat.maxTokens" integer
     "At most this many tokens in one answer.")
    ("chat.temperature" number
     "0 always takes the likeliest token.")
    ("chat.topP" number
     "Sample among the likeliest tokens that together have this probability.")
    ("chat.actions" (alist :key-type string :value-type string)
     "Code actions of your own, by their titles: what the model is told to do with the selected code.")
    ("completion.enabled" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "Complete while typing; an invoked completion always works.")
    ("completion.disabledLanguages" (repeat string)
     "Languages, as the editor names them (`markdown`), in which nothing is completed while typing.")
    ("completion.disabledPaths" (repeat string)
     "The same for files, by their path in the workspace, in the syntax of `.gitignore`.")
    ("completion.lookAhead" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "While a suggestion stands, have a model on this machine write what comes after it.")
    ("completion.debounceMs" integer
     "Pause before an automatic completion asks the host. Empty: 25 to 125, by how fast you type and the host answers, and longer while you type something else than what is suggested.")
    ("completion.lines" (choice (const "auto") (const "multi") (const "single"))
     "`auto`: one line where code follows the cursor, else several.")
    ("completion.maxTokens" integer
     "At most this many tokens are generated.")
    ("completion.temperature" number
     "0 always takes the likeliest token.")
    ("completion.doSample" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "Sample or not; empty: if the temperature is above 0.")
    ("completion.topP" number
     "Sample among the likeliest tokens that together have this probability.")
    ("completion.topK" integer
     "Sample among this many of the likeliest tokens.")
    ("completion.typicalP" number
     "Sample among the most typical tokens of this probability.")
    ("completion.repetitionPenalty" number
     "Above 1, tokens that are there already become less likely.")
    ("completion.frequencyPenalty" number
     "Above 0, tokens become less likely the more often they are there.")
    ("completion.seed" integer
     "The same seed samples the same answer, where the host keeps to that.")
    ("completion.stop" (repeat string)
     "Texts that end a completion and are not in it.")
    ("completion.maxFileSize" integer
     "Longer files (characters) are left alone.")
    ("prompt.template" (choice (const "auto") (const "codegemma") (const "codellama") (const "codestral") (const "deepseek-coder") (const "granite") (const "granite-code") (const "plain") (const "qwen2.5-coder") (const "refact") (const "santacoder") (const "stable-code") (const "starcoder") (const "starcoder2"))
     "The model's infilling format; `auto` tells it from the model's name.")
    ("prompt.order" (choice (const "auto") (const "psm") (const "spm"))
     "Prefix first or suffix first, where the format knows both. `auto`: prefix first inside a word, else suffix first.")
    ("prompt.maxTokens" integer
     "At most this many tokens are shown. Empty: 2048, or what the host reads in 8 seconds where that is less.")
    ("prompt.suffixShare" number
     "The share of what follows the cursor; what it leaves goes to the rest.")
    ("prompt.contextShare" number
     "The share of similar places in other open files; 0 shows none.")
    ("prompt.readAhead" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "When a document is opened, have a model on this machine loaded and the document's beginning read.")
    ("privacy.useGitignore" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "Leave alone what `.gitignore` excludes. `.infillignore` files, in the same syntax, always count.")
    ("cache.entries" integer
     "How many completions.")
    ("cache.ttlS" integer
     "For how many seconds.")
    ("measurement.enabled" (choice (const :tag "on" t) (const :tag "off" :json-false))
     "Count which suggestions are shown, accepted and kept, for `infill-ls stats`; no code, no path and no token is kept, and nothing is sent.")
    ("image.url" string
     "An address of Hugging Face's API, or of one of its shape. Empty: its own.")
    ("image.model" string
     "The model's name.")
    ("log.level" (choice (const "debug") (const "error") (const "info") (const "warning"))
     "`debug` may show code; tokens are shown at no level."))
  "What the server has settings for: key, type for Customize, and description.
The type `backend' is that of all settings of the section of this name.")

(defun infill-ls--type-of (settings)
  "Return the type for Customize of a plist of some SETTINGS."
  `(plist :options
          ,(mapcar (pcase-lambda (`(,key ,type ,doc))
                     `((const :tag ,key :doc ,doc ,(intern (concat ":" key)))
                       ,(infill-ls--known-type type)))
                   settings)))

(defun infill-ls--known-type (type)
  "Return TYPE of a setting as Customize has it."
  (pcase type
    ('backend (infill-ls--type-of (infill-ls--section "backend")))
    (`(repeat ,each) `(repeat ,(infill-ls--known-type each)))
    (_ type)))

(defun infill-ls--section (name)
  "Return the known settings of the section NAME, by their keys there."
  (let ((prefix (concat name ".")))
    (mapcar (pcase-lambda (`(,key . ,rest)) (cons (string-remove-prefix prefix key) rest))
            (seq-filter (lambda (setting) (string-prefix-p prefix (car setting)))
                        infill-ls--known-settings))))

(defun infill-ls--settings-type ()
  "Return the type for Customize of all settings."
  (let ((sections (seq-uniq (mapcar (lambda (setting) (car (split-string (car setting) "\\.")))
                                    infill-ls--known-settings))))
    `(plist :options
            ,(mapcar (lambda (name)
                       (let ((key (intern (concat ":" name))))
                         (pcase (assoc name infill-ls--known-settings)
                           (`(,_ ,type ,doc) `((const :tag ,name :doc ,doc ,key)
                                               ,(infill-ls--known-type type)))
                           (_ `((const :tag ,name ,key)
                                ,(infill-ls--type-of (infill-ls--section name)))))))
                     sections))))

(defcustom infill-ls-settings nil
  "What the server is to do, in its own words, as a plist.
For instance (:backend (:url \"http://localhost:8080\")).  False is
`:json-false'; a table of texts is an alist.  What is not there, or nil, is
as the server has it.  Takes effect when a server starts;
`infill-ls-restart' starts them anew."
  :type (infill-ls--settings-type))

(defun infill-ls--as-json (value)
  "Return VALUE of a setting as it can be sent."
  (pcase value
    (`(,(pred keywordp) . ,_) (infill-ls--as-object value))
    (`((,(pred stringp) . ,(pred stringp)) . ,_)
     (map-into value '(hash-table :test equal)))
    ((or (pred consp) (pred vectorp)) (vconcat (mapcar #'infill-ls--as-json value)))
    (_ value)))

(defun infill-ls--as-object (settings)
  "Return SETTINGS, a plist, as they can be sent, without those that are nil."
  (let ((object (make-hash-table :test #'equal)))
    (map-do (lambda (key value)
              (when value
                (puthash (substring (symbol-name key) 1) (infill-ls--as-json value) object)))
            settings)
    object))

(provide 'infill-ls-settings)
;;; infill-ls-settings.el ends here
