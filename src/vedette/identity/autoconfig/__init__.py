"""From a mail address to where its mailbox is: asked of whoever may know, in a fixed order."""
