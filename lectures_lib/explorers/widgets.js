(function (at) {
  // VS Code runs the script beside the explorer, everybody else in it.
  var root = at.closest('.ll') || at.querySelector('.ll'),
      frames = root.querySelectorAll('figure'), rest = root.querySelector('details');
  function element(tag, attributes) {
    var made = document.createElement(tag);
    for (var name in attributes) made.setAttribute(name, attributes[name]);
    return made;
  }
  var label = element('label', {'class': 'll-slider'}), value = element('output', {}),
      live = element('p', {'aria-live': 'polite'}),
      input = element('input', {type: 'range', min: 0, max: frames.length - 1, value: 0,
                                step: 1, autocomplete: 'off'});
  label.append(root.getAttribute('aria-label') + ' ', input, ' ', value);
  root.prepend(label, ...frames);
  root.append(live);
  rest.remove();
  function show(chosen) {
    frames.forEach(function (f, i) { f.classList.toggle('off', i !== chosen); });
    var caption = frames[chosen].querySelector('figcaption').children;
    value.textContent = caption[0].textContent.slice(0, -1);
    input.setAttribute('aria-valuetext', value.textContent);
    live.textContent = caption[1].textContent;
  }
  input.addEventListener('input', function () { show(+input.value); });
  // The keys that move it are its own; all others belong to the page.
  input.addEventListener('keydown', function (event) {
    if (/^(Arrow|Home|End)/.test(event.key)) event.stopPropagation();
  });
  root.classList.add('on');
  show(0);
})(document.currentScript.parentElement);
