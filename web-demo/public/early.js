// Before the first paint, and in browsers that know no modules.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('theme');
  } catch (error) {
    // Storage is blocked: the system's theme it is.
  }
  var dark = window.matchMedia && matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = chosen || (dark ? 'dark' : 'light');
  if (!('noModule' in document.createElement('script'))) document.documentElement.className = 'old';
})();
