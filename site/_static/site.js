// Without this script everything is there and open; it folds what a reader is to predict.
(function () {
  const ASK = 'Choose an answer above, or show the result';

  // A result belongs to the prediction before it: choosing opens it.
  function foldResults() {
    let question = null;
    document.querySelectorAll('.ll fieldset, details.result').forEach(part => {
      if (part.matches('fieldset')) question = part;
      else if (question) tie(question, part);
    });
  }

  function tie(question, result) {
    const summary = result.querySelector('summary');
    const open = () => { result.open = true; };
    if (!question.querySelector('input:checked')) result.open = false;
    const name = () => { summary.textContent = result.open ? 'The result' : ASK; };
    question.addEventListener('change', open);
    result.addEventListener('toggle', name);
    name();
  }

  // What a link leads to is seen, wherever it is folded.
  function unfoldTarget() {
    const name = decodeURIComponent(location.hash.slice(1));
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let at = target.parentElement; at; at = at.parentElement)
      if (at.matches('details')) at.open = true;
    target.scrollIntoView();
  }

  // A box that scrolls can be reached by the keyboard.
  function reachBoxes() {
    document.querySelectorAll('.bd-article mjx-container, .bd-article div.math, .bd-article pre, ' +
      '.bd-article .output.text_html, .pst-scrollable-table-container').forEach(box => {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute('tabindex');
    });
  }

  // On paper everything is open, but the answers stay the reader's choice.
  function openForPrint() {
    document.querySelectorAll('details.deeper').forEach(part => { part.open = true; });
  }

  foldResults();
  unfoldTarget();
  reachBoxes();
  addEventListener('hashchange', unfoldTarget);
  addEventListener('resize', reachBoxes);
  addEventListener('load', async () => {
    if (window.MathJax?.startup) await MathJax.startup.promise;
    reachBoxes();
  });
  addEventListener('beforeprint', openForPrint);
  document.addEventListener('toggle', reachBoxes, true);
})();
