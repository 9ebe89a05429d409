// Spends the token of a mail's link, which is behind # and so in no request but this one.
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
const paths = {
  '/verify-email': '/api/v1/email-verification/confirm', '/reset-password': '/api/v1/password-reset/confirm', '/confirm-email-change': '/api/v1/email-change/confirm',
};
const resets = location.pathname === '/reset-password';
const label = document.getElementById('password');
const status = document.querySelector('[role=status]');
label.hidden = !resets;
document.querySelector('button').addEventListener('click', async () => {
  const body = resets ? { token, new_password: label.querySelector('input').value } : { token };
  try {
    const answer = await fetch(paths[location.pathname], { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const problem = answer.ok ? null : await answer.json();
    status.textContent = problem ? (problem.errors?.[0]?.detail ?? problem.detail) : 'It is done.';
  } catch {
    status.textContent = 'Nobody answers; try again.';
  }
});
