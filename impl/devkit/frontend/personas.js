// A row of buttons over Swagger UI: one click authorizes as a persona. ?persona=NAME does so at once.
(async () => {
  const bar = document.createElement('p');
  bar.className = 'personas';
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  const authorize = async (name) => {
    const answer = await fetch(`/dev/v1/personas/${encodeURIComponent(name)}/login`, {method: 'POST'});
    const body = await answer.json();
    if (!answer.ok) {
      said.textContent = body.detail;
      return;
    }
    const schema = {type: 'http', scheme: 'bearer'};
    // Swagger UI asks the schema as it keeps it, with get, and keeps what can be enumerated.
    Object.defineProperty(schema, 'get', {value: (name) => schema[name]});
    window.ui.authActions.authorize({bearer: {name: 'bearer', schema, value: body.access_token}});
    said.textContent = `Authorized as ${name} for ${body.expires_in / 60} minutes.`;
  };
  const home = document.createElement('a');
  home.href = '/';
  home.textContent = 'Plumbline';
  bar.append(home, 'Authorize as');
  const {personas} = await (await fetch('/dev/v1/personas')).json();
  for (const {name} of personas) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = name;
    button.addEventListener('click', () => authorize(name));
    bar.append(button);
  }
  bar.append(said);
  document.body.prepend(bar);
  const style = document.createElement('style');
  style.textContent = '.personas{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem;margin:0;padding:.6rem 1rem;background:#f4f6f8;color:#1b2430;font:15px system-ui,sans-serif}' +
    '.personas a{color:#0b57b0}.personas button{font:inherit;padding:.25rem .7rem;border:1px solid #8a94a3;border-radius:6px;background:#fff;color:inherit;cursor:pointer}' +
    '@media (pointer:coarse){.personas button{min-height:2.75rem}}';
  document.head.append(style);
  const wanted = new URLSearchParams(location.search).get('persona');
  if (wanted) await authorize(wanted);
})();
