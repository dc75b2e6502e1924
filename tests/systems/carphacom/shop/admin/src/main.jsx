// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { useState } from 'preact/hooks';

function Admin() {
  const [automatic, setAutomatic] = useState(false);
  return (
    <main>
      <h1>Settings</h1>
      <label><input type="checkbox" checked={automatic} onChange={() => setAutomatic(!automatic)} />Patch versions only</label>
      <footer>{VERSION}</footer>
    </main>
  );
}

render(<Admin />, document.getElementById('app'));
