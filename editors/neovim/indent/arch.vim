" Where a new line begins. Indentation says what belongs to what, so a line that is there stays where
" it is: only `else` and `elif`, closing brackets, and what has no place at all are moved.
if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal indentexpr=ArchIndent(v:lnum)
setlocal indentkeys=!^F,o,O,0),0],=elif,=else
let b:undo_indent = "setlocal indentexpr< indentkeys<"

if exists("*ArchIndent")
  finish
endif

" A bracket that stays open at the end of a line within so many above is looked for.
let s:reach = 100

function ArchIndent(line) abort
  let above = prevnonblank(a:line - 1)
  if above == 0
    return getline(a:line) =~# '\S' ? -1 : 0
  endif
  let text = getline(a:line)
  let opening = s:open_bracket(a:line)
  if opening > 0
    if text =~# '^\s*[])]'
      return indent(opening)
    endif
    return s:kept(a:line, text, indent(opening) + 1, indent(opening) + shiftwidth())
  endif
  if s:code(above) =~# ':$'
    let first = s:first_line(above)
    return s:kept(a:line, text, indent(first) + 1, indent(first) + shiftwidth())
  endif
  if text =~# '^\s*\%(elif\>.*\|else\s*\):\?'
    return s:indent_of_if(a:line, above)
  endif
  return text =~# '\S' ? -1 : indent(s:first_line(above))
endfunction

" A line that has text stays where it is, if it stands as deep as it has to, or begins a definition.
function s:kept(line, text, least, wanted) abort
  let definition = a:text =~# '^\%(network\|block\|use\|arch\)\>'
  return a:text =~# '\S' && (definition || indent(a:line) >= a:least) ? -1 : a:wanted
endfunction

" What stands in a line before its comment.
function s:code(number) abort
  return substitute(getline(a:number), '\s*\%(#.*\)\?$', '', '')
endfunction

" The line of the innermost bracket that is open where a line begins; 0 if none is.
function s:open_bracket(line) abort
  let depth = 0
  let number = a:line - 1
  while number > 0 && number >= a:line - s:reach
    let code = substitute(s:code(number), '"[^"]*"\|''[^'']*''', '', 'g')
    for sign in reverse(split(code, '\zs'))
      if sign =~# '[])]'
        let depth += 1
      elseif sign =~# '[[(]'
        let depth -= 1
        if depth < 0
          return number
        endif
      endif
    endfor
    if depth == 0 && code =~# ':$'
      return 0
    endif
    let number -= 1
  endwhile
  return 0
endfunction

" The line in which the statement begins that ends in a line: that of its brackets.
function s:first_line(number) abort
  let number = a:number
  while s:open_bracket(number) > 0
    let number = s:open_bracket(number)
  endwhile
  return number
endfunction

" `else` stands below an `if` or `elif`: as it does, or else below the last one further out.
function s:indent_of_if(line, above) abort
  let most = indent(a:line)
  let wanted = -1
  let number = a:above
  let least = indent(a:above)
  while number > 0
    let least = min([least, indent(number)])
    if getline(number) =~# '^\s*\%(if\|elif\)\>' && indent(number) <= least
      if indent(number) == most
        return most
      endif
      if wanted < 0 && indent(number) < indent(a:above)
        let wanted = indent(number)
      endif
    endif
    let number = prevnonblank(number - 1)
  endwhile
  return wanted
endfunction
