" A line that ends in a colon begins an indented run.
if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal indentexpr=ArchIndent(v:lnum)
setlocal indentkeys=!^F,o,O,<:>,0),0],=elif,=else
let b:undo_indent = "setlocal indentexpr< indentkeys<"

if exists("*ArchIndent")
  finish
endif

function ArchIndent(line) abort
  let above = prevnonblank(a:line - 1)
  if above == 0
    return 0
  endif
  let before = substitute(getline(above), '\s*\%(#.*\)\?$', '', '')
  let indent = indent(above)
  if before =~# ':$'
    return indent + shiftwidth()
  endif
  if getline(a:line) =~# '^\s*\%(elif\>.*\|else\s*\):'
    return s:indent_of_if(above, indent)
  endif
  return a:line == above + 1 ? indent : indent(a:line) > 0 ? indent(a:line) : indent
endfunction

" `else` stands below the last `if` or `elif` that is further out.
function s:indent_of_if(above, indent) abort
  let number = a:above
  while number > 0
    if getline(number) =~# '^\s*\%(if\|elif\)\>' && indent(number) < a:indent
      return indent(number)
    endif
    let number = prevnonblank(number - 1)
  endwhile
  return a:indent
endfunction
