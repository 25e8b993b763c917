" Where a new line begins. Indentation says what belongs to what, so lines that are there stay where they
" are; while typing, `else` and `elif`, closing brackets, and what has no place at all are moved.
if exists("b:did_indent")
  finish
endif
let b:did_indent = 1

setlocal indentexpr=ArchIndent(v:lnum)
setlocal indentkeys=!^F,o,O,0),0],0=elif\ ,0=else:
let b:undo_indent = "setlocal indentexpr< indentkeys<"

if exists("*ArchIndent")
  finish
endif

" A bracket that stays open at the end of a line within so many above is looked for.
let s:reach = 100

function ArchIndent(line) abort
  let text = getline(a:line)
  if text =~# '\S' && mode() !~# '^[iR]'
    return -1
  endif
  let above = prevnonblank(a:line - 1)
  if above == 0
    return text =~# '\S' ? -1 : 0
  endif
  if s:text_around(a:line) > 0
    return text =~# '\S' ? -1 : indent(above)
  endif
  let opening = s:open_bracket(a:line)
  if opening > 0
    if text =~# '^\s*[])]'
      return indent(opening)
    endif
    let wanted = above > opening ? indent(above) : indent(opening) + shiftwidth()
    return s:kept(a:line, text, indent(opening) + 1, wanted)
  endif
  let before = s:statement(above)
  if s:code(before) =~# ':$'
    let first = s:first_line(before)
    return s:kept(a:line, text, indent(first) + 1, indent(first) + shiftwidth())
  endif
  if text =~# '^\s*\%(elif\>.*\|else\s*:\)'
    return s:indent_of_if(a:line, above)
  endif
  return text =~# '\S' ? -1 : indent(s:first_line(above))
endfunction

" The last line up to one that is no comment.
function s:statement(number) abort
  let number = a:number
  while number > 1 && getline(number) =~# '^\s*#'
    let number = prevnonblank(number - 1)
  endwhile
  return number
endfunction

" The line in which the documentation begins that a line lies in; 0 where it lies in none.
function s:text_around(line) abort
  let begun = 0
  for number in range(max([1, a:line - s:reach]), a:line - 1)
    let quotes = count(getline(number), '"""') + count(getline(number), "'''")
    if quotes % 2
      let begun = begun > 0 ? 0 : number
    endif
  endfor
  return begun
endfunction

" A line that has text stays where it is, if it stands as deep as it has to, or begins a definition.
function s:kept(line, text, least, wanted) abort
  let definition = a:text =~# '^\%(network\|block\|use\|arch\)\>'
  return a:text =~# '\S' && (definition || indent(a:line) >= a:least) ? -1 : a:wanted
endfunction

" What stands in a line before its comment, without its texts.
function s:code(number) abort
  let plain = substitute(getline(a:number), '"\%(\\.\|[^"\\]\)*"\|''\%(\\.\|[^''\\]\)*''', '', 'g')
  return substitute(plain, '\s*\%(#.*\)\?$', '', '')
endfunction

" The line of the innermost bracket that is open where a line begins; 0 if none is.
function s:open_bracket(line) abort
  let depth = 0
  let number = a:line - 1
  while number > 0 && number >= a:line - s:reach
    let code = s:code(number)
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

" The line in which the statement begins that ends in a line: that of its brackets, or its quotes.
function s:first_line(number) abort
  let number = a:number
  let text = s:text_around(number)
  while text > 0 || s:open_bracket(number) > 0
    let number = text > 0 ? text : s:open_bracket(number)
    let text = s:text_around(number)
  endwhile
  return number
endfunction

" `else` stands below an `if` or `elif`: as it does, or else below the last one further out.
function s:indent_of_if(line, above) abort
  let most = indent(a:line)
  let wanted = -1
  let number = a:above
  let least = indent(a:above)
  let ended = {}
  while number > 0
    let least = min([least, indent(number)])
    if getline(number) =~# '^\s*else\s*:'
      let ended[indent(number)] = 1
    elseif has_key(ended, indent(number)) && getline(number) =~# '^\s*if\>'
      call remove(ended, indent(number))
    elseif !has_key(ended, indent(number)) && getline(number) =~# '^\s*\%(if\|elif\)\>' && indent(number) <= least
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
