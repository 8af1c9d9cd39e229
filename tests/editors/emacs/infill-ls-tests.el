;;; infill-ls-tests.el --- What single functions of infill-ls do  -*- lexical-binding: t -*-

;;; Commentary:

;; Run by test_package.py, with a host that answers "urn a + b" to everything.

;;; Code:

(require 'ert)
(require 'infill-ls)

(defmacro infill-ls-tests--with (text &rest body)
  "Do BODY in a buffer with TEXT, in which ‸ marks point."
  (declare (indent 1))
  `(with-temp-buffer
     (insert ,text)
     (goto-char (point-min))
     (search-forward "‸")
     (delete-char -1)
     ,@body))

(ert-deftest infill-ls-tests-positions-count-characters ()
  "Neither emoji nor tabs count more than one, and narrowing does not matter."
  (infill-ls-tests--with "a\n\t😀é‸b\n"
    (narrow-to-region (1- (point)) (point-max))
    (let ((position (infill-ls--position (point))))
      (should (equal position '(:line 1 :character 3)))
      (should (= (infill-ls--place position) (point))))))

(ert-deftest infill-ls-tests-a-place-is-never-behind-its-line ()
  "What a server says of a text that has changed may be too far."
  (infill-ls-tests--with "ab‸\ncd"
    (should (= (infill-ls--place '(:line 0 :character 9)) (point)))
    (should (= (infill-ls--place '(:line 9 :character 9)) (point-max)))))

(ert-deftest infill-ls-tests-where-a-text-ends ()
  "A text on one line goes on from its beginning, one of several does not."
  (let ((begin '(:line 3 :character 4)))
    (should (equal (infill-ls--position-after begin "") begin))
    (should (equal (infill-ls--position-after begin "😀b") '(:line 3 :character 6)))
    (should (equal (infill-ls--position-after begin "a\nbc\n") '(:line 5 :character 0)))
    (should (equal (infill-ls--position-after begin "a\nbc") '(:line 4 :character 2)))))

(ert-deftest infill-ls-tests-bytes-that-are-no-characters ()
  "They can be sent to a server, and each counts one."
  (with-temp-buffer
    (insert "a" (unibyte-char-to-multibyte #xff) (string #xd800) "😀")
    (let ((text (infill-ls--text (point-min) (point-max))))
      (should (= (length text) 4))
      (should (string-prefix-p "a" text))
      (should (json-serialize text)))))

(ert-deftest infill-ls-tests-languages-are-called-as-in-lsp ()
  "By the major mode, whichever parser it uses, or by the one it comes from."
  (pcase-dolist (`(,mode . ,language)
                 '((python-mode . "python") (python-ts-mode . "python") (c++-mode . "cpp")
                   (emacs-lisp-mode . "emacs-lisp") (sh-mode . "sh")
                   (makefile-gmake-mode . "makefile")))
    (with-temp-buffer
      (delay-mode-hooks
        (if (eq mode 'python-ts-mode) (setq major-mode mode) (funcall mode)))
      (should (equal (infill-ls--language) language)))))

(defun infill-ls-tests--rest (text before after)
  "Return what is left of TEXT where BEFORE stands before point, and AFTER is replaced."
  (infill-ls-tests--with (concat before "‸" after)
    (infill-ls--rest (infill-ls--suggestion :text text :beg (copy-marker (point-min))
                                            :end (copy-marker (point-max) t)))))

(ert-deftest infill-ls-tests-what-is-left-of-a-suggestion ()
  "All that was not typed; nothing once something else was, or all is there."
  (should (equal (infill-ls-tests--rest "a + b" "" "") "a + b"))
  (should (equal (infill-ls-tests--rest "a + b" "a +" "") " b"))
  (should (equal (infill-ls-tests--rest "a, b):" "a" ")") ", b):"))
  (should-not (infill-ls-tests--rest "a + b" "b" ""))
  (should-not (infill-ls-tests--rest "a + b" "a + b" ""))
  (should-not (infill-ls-tests--rest "a + b" "a + b +" ""))
  (should-not (infill-ls-tests--rest "a)" "a" ")")))

(ert-deftest infill-ls-tests-nothing-is-replaced-outside-of-the-narrowing ()
  "A suggestion that would is not shown, and there is no error."
  (infill-ls-tests--with "f(‸) # c"
    (let ((suggestion (infill-ls--suggestion :text "a, b):" :beg (copy-marker (point))
                                             :end (copy-marker (1+ (point)) t))))
      (should (infill-ls--rest suggestion))
      (narrow-to-region (point-min) (point))
      (should-not (infill-ls--rest suggestion)))))

(defun infill-ls-tests--shown (text before after)
  "Return how a line looks with TEXT suggested between BEFORE and AFTER.
What is replaced is AFTER up to a blank."
  (infill-ls-tests--with (concat before "‸" after)
    (let* ((end (save-excursion (skip-chars-forward "^ ") (point)))
           (overlay (infill-ls--overlay-of
                     (infill-ls--suggestion :text text :beg (copy-marker (point))
                                            :end (copy-marker end t))))
           (hides (equal "" (overlay-get overlay 'display))))
      (concat before (overlay-get overlay 'before-string)
              (buffer-substring (if hides (overlay-end overlay) (point)) (point-max))))))

(ert-deftest infill-ls-tests-what-is-replaced-is-not-seen-twice ()
  "A bracket that is there already stays if it ends the suggestion, and else is hidden."
  (should (equal (infill-ls-tests--shown "a, b)" "f(" ") # c") "f(a, b) # c"))
  (should (equal (infill-ls-tests--shown "a, b):" "f(" ") # c") "f(a, b): # c"))
  (should (equal (infill-ls-tests--shown "a" "f(" "") "f(a")))

(ert-deftest infill-ls-tests-a-suggestion-is-accepted-in-parts ()
  "Words as `forward-word' goes, lines with their indentation, and all of it in the end."
  (infill-ls-tests--with "x = ‸"
    (infill-ls-tests--suggest "(one_two,\n     three)\n")
    (infill-ls-accept-word)
    (should (equal (buffer-string) "x = (one"))
    (infill-ls-accept-line)
    (should (equal (buffer-string) "x = (one_two,"))
    (infill-ls-accept-word)
    (should (equal (buffer-string) "x = (one_two,\n     three"))
    (should infill-ls-suggestion-mode)
    (infill-ls-accept)
    (should (equal (buffer-string) "x = (one_two,\n     three)\n"))
    (should-not infill-ls-suggestion-mode)
    (should-error (infill-ls-accept) :type 'user-error)))

(defun infill-ls-tests--suggest (&rest texts)
  "Suggest TEXTS at point."
  (setq infill-ls--suggestions
        (mapcar (lambda (text)
                  (infill-ls--suggestion :text text :beg (copy-marker (point))
                                         :end (copy-marker (point) t)))
                texts))
  (infill-ls--draw))

(ert-deftest infill-ls-tests-what-is-typed-chooses-among-suggestions ()
  "If another suggestion begins with what was typed, that is shown."
  (infill-ls-tests--with "‸"
    (infill-ls-tests--suggest "one" "two")
    (insert "t")
    (infill-ls--draw)
    (should (equal (overlay-get infill-ls--overlay 'before-string) "wo"))
    (insert "x")
    (infill-ls--draw)
    (should-not infill-ls--overlay)))

(ert-deftest infill-ls-tests-a-late-answer-is-not-shown ()
  "Nor is one to a question that was not the newest."
  (infill-ls-tests--with "‸\n"
    (let ((items [(:insertText "one")])
          (show (infill-ls--shower "first")))
      (setq infill-ls--asked '("second" . 2))
      (funcall show items)
      (should-not infill-ls--overlay)
      (setq infill-ls--asked '("first" . 1))
      (save-excursion (goto-char (point-max)) (insert "x"))
      (funcall show items)
      (should-not infill-ls--overlay)
      (funcall (infill-ls--shower "first") items)
      (should infill-ls--overlay))))

(ert-deftest infill-ls-tests-an-indirect-buffer-is-refused ()
  "The server knows its text by the base buffer, and two would not be told alike."
  (with-temp-buffer
    (let ((indirect (make-indirect-buffer (current-buffer) "indirect")))
      (unwind-protect
          (with-current-buffer indirect
            (should-error (infill-ls-mode) :type 'user-error)
            (should-not infill-ls-mode))
        (kill-buffer indirect)))))

(ert-deftest infill-ls-tests-no-two-buffers-are-called-alike ()
  "Even if one has had the name of the other."
  (with-temp-buffer
    (rename-buffer "*a b*")
    (setq infill-ls--uri (infill-ls--new-uri))
    (should (equal infill-ls--uri "untitled:%2Aa%20b%2A"))
    (rename-buffer "*other*")
    (with-temp-buffer
      (rename-buffer "*a b*")
      (should (equal (infill-ls--new-uri) "untitled:%2Aa%20b%2A~")))))

(ert-deftest infill-ls-tests-a-suggestion-comes-from-the-server ()
  "The real server is started, asked, and its answer put into the buffer."
  (with-current-buffer (find-file-noselect (getenv "TEST_FILE"))
    (infill-ls-mode)
    (infill-ls-tests--wait #'infill-ls--served-p)
    (goto-char (point-min))
    (search-forward "ret")
    (infill-ls-complete)
    (infill-ls-tests--wait
     (lambda () (equal (mapcar #'infill-ls--suggestion-text infill-ls--suggestions)
                       '("urn a + b"))))
    (infill-ls-accept)
    (should (equal (buffer-substring (pos-bol) (pos-eol)) "    return a + b"))
    (set-buffer-modified-p nil)
    (infill-ls--stop infill-ls--server)))

(defun infill-ls-tests--wait (holds)
  "Wait until the function HOLDS returns non-nil; fail after ten seconds."
  (with-timeout (10 (ert-fail "This has not become so in time"))
    (while (not (funcall holds))
      (accept-process-output nil 0.01))))

(provide 'infill-ls-tests)
;;; infill-ls-tests.el ends here
