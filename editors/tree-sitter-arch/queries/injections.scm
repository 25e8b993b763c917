((comment) @injection.content
  (#set! injection.language "comment"))

((docstring) @injection.content
  (#set! injection.language "markdown"))
