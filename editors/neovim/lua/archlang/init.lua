-- The language server of .arch files for Neovim 0.7 and newer.
local M = {}

M.settings = {
  cmd = { "archlang", "lsp" },
  -- Shapes at the ends of lines; Neovim 0.10 and newer shows them.
  hints = true,
  on_attach = nil,
}

local missing_was_said = false
local clients = {}

--- Change the settings; call it before the first .arch file is opened.
function M.setup(settings)
  M.settings = vim.tbl_extend("force", M.settings, settings or {})
end

--- Start the server for a buffer, or attach the one that runs.
function M.start(buffer)
  if vim.fn.executable(M.settings.cmd[1]) == 0 then
    M.say_missing()
    return nil
  end
  local root = M.root(vim.api.nvim_buf_get_name(buffer))
  local config = {
    name = "archlang",
    cmd = M.settings.cmd,
    root_dir = root,
    on_attach = M.attached,
  }
  if vim.lsp.start then
    return vim.lsp.start(config, { bufnr = buffer })
  end
  return M.start_before_0_8(config, buffer)
end

-- Neovim 0.7 has no vim.lsp.start: one client for each root, kept here.
function M.start_before_0_8(config, buffer)
  local id = clients[config.root_dir]
  if not id or vim.lsp.client_is_stopped(id) then
    id = vim.lsp.start_client(config)
    clients[config.root_dir] = id
  end
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
  return id
end

--- The folder of a repository or project above the file, or the file's own.
function M.root(file)
  local folder = file == "" and vim.loop.cwd() or vim.fn.fnamemodify(file, ":p:h")
  local at = folder
  while true do
    for _, mark in ipairs({ ".git", "pyproject.toml" }) do
      if vim.loop.fs_stat(at .. "/" .. mark) then
        return at
      end
    end
    local above = vim.fn.fnamemodify(at, ":h")
    if above == at then
      return folder
    end
    at = above
  end
end

function M.say_missing()
  if missing_was_said then
    return
  end
  missing_was_said = true
  local name = M.settings.cmd[1]
  vim.notify(
    'arch: there is no program "' .. name .. "\": pip install 'archlang[lsp]', or see :help arch-setup",
    vim.log.levels.WARN
  )
end

function M.attached(client, buffer)
  if M.settings.hints and vim.lsp.inlay_hint and vim.lsp.inlay_hint.enable then
    vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
  end
  vim.bo[buffer].omnifunc = "v:lua.vim.lsp.omnifunc"
  if M.settings.on_attach then
    M.settings.on_attach(client, buffer)
  end
end

--- Open the live page of the file in a browser.
function M.preview()
  local buffer = vim.api.nvim_get_current_buf()
  local asked = { command = "archlang.preview", arguments = { vim.uri_from_bufnr(buffer) } }
  vim.lsp.buf_request(buffer, "workspace/executeCommand", asked, function(err, url)
    if err then
      vim.notify("arch: " .. (err.message or tostring(err)), vim.log.levels.ERROR)
    elseif url then
      M.open(url)
    end
  end)
end

function M.open(url)
  if vim.ui.open then
    vim.ui.open(url)
    return
  end
  local opener = vim.fn.has("mac") == 1 and "open" or "xdg-open"
  if vim.fn.executable(opener) == 1 then
    vim.fn.jobstart({ opener, url }, { detach = true })
  else
    vim.notify("arch: open " .. url)
  end
end

return M
